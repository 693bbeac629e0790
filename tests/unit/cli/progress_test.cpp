#include "cli/progress.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <map>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include "base/files.hpp"

namespace swage {
namespace {

using testing::HasSubstr;
using testing::Not;
using std::chrono::milliseconds;

// Sets environment variables for one test.
class Environment {
 public:
  Environment(std::initializer_list<std::pair<const char*, const char*>> set) {
    for (const char* name : {"NO_COLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS"}) {
      if (const char* old = std::getenv(name)) saved_[name] = old;
      ::unsetenv(name);
    }
    for (const auto& [name, value] : set) ::setenv(name, value, 1);
  }
  Environment(const Environment&) = delete;
  ~Environment() {
    for (const char* name : {"NO_COLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS"}) ::unsetenv(name);
    for (const auto& [name, value] : saved_) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::map<std::string, std::string> saved_{};
};

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    read_ = UniqueFd(fds[0]);
    write_ = UniqueFd(fds[1]);
  }
  std::unique_ptr<Reporter> reporter(ProgressStyle style, bool logs = false, bool colour = false) {
    return make_reporter({.style = style, .logs = logs, .colour = colour, .fd = write_.get(), .live = false, .now = [this] { return now_; }});
  }
  std::string printed() {
    std::string text(1 << 16, '\0');
    const ssize_t size = ::read(read_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  UniqueFd read_, write_;
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::time_point(std::chrono::hours(1));
};

TEST_F(ProgressTest, PlainPrintsALineWhenAJobStartsAndEnds) {
  const auto out = reporter(ProgressStyle::plain);
  out->on(Totals{0, 0, 2});
  out->on(JobStarted{1, "fetch", "zlib", "zlib-1.3.tar.xz"});
  out->on(JobProgress{1, 1500, 3000});
  out->on(JobProgress{1, 3000, 3000});
  out->on(JobFinished{1, true, 0.31});
  out->on(JobStarted{2, "build", "linux-6.1", "/nix/store/x.drv"});
  out->on(JobLog{2, "  CC foo.o"});
  out->on(JobFinished{2, false, 75});
  out->on(Message{"made swage.lock"});
  EXPECT_EQ(printed(), "fetching zlib\nfetched zlib in 0.3 s, 3.0 kB\nbuilding linux-6.1\nfailed building linux-6.1 after 1 m 15 s\nmade swage.lock\n");
}

TEST_F(ProgressTest, StepsAndPausesAreTold) {
  const std::initializer_list<Event> events = {
      StepStarted{.number = 1, .of = 3, .name = "linux@6.1 for arm64"},
      Paused{.scarce = "processors", .why = "others leave 0.20 of 2 processors, and builds begin at 0.50"},
      Resumed{.seconds = 12.5},
      StepFinished{.number = 1, .of = 3, .name = "linux@6.1 for arm64", .end = "booted", .seconds = 280},
      StepStarted{.number = 2, .of = 3, .name = "linux@6.6 for arm64", .seconds = 300, .left = 7500},
      StepStarted{.number = 3, .of = 3, .name = "a\nb", .seconds = 300, .left = 300}};
  const auto told = [&](ProgressStyle style) {
    const auto out = reporter(style);
    for (const Event& event : events) out->on(event);
    return printed();
  };
  const std::string plain =
      "[1/3] linux@6.1 for arm64\n"
      "paused: others leave 0.20 of 2 processors, and builds begin at 0.50\n"
      "goes on, after 12.5 s\n"
      "[2/3] linux@6.6 for arm64: about 5 m 00 s, all that are left about 2 h 05 m\n"
      "[3/3] a\\u000ab: about 5 m 00 s\n";
  EXPECT_EQ(told(ProgressStyle::plain), plain);
  EXPECT_EQ(told(ProgressStyle::tty), plain);
  EXPECT_EQ(
      told(ProgressStyle::json),
      R"({"event":"step","number":1,"of":3,"name":"linux@6.1 for arm64","seconds":null,"left":null})"
      "\n"
      R"({"event":"pause","scarce":"processors","why":"others leave 0.20 of 2 processors, and builds begin at 0.50"})"
      "\n"
      R"({"event":"resume","seconds":12.5})"
      "\n"
      R"({"event":"step-end","number":1,"of":3,"name":"linux@6.1 for arm64","end":"booted","seconds":280.0})"
      "\n"
      R"({"event":"step","number":2,"of":3,"name":"linux@6.6 for arm64","seconds":300.0,"left":7500.0})"
      "\n"
      R"({"event":"step","number":3,"of":3,"name":"a\nb","seconds":300.0,"left":300.0})"
      "\n");
}

TEST_F(ProgressTest, WhatIsCancelledHasNotFailed) {
  for (const ProgressStyle style : {ProgressStyle::plain, ProgressStyle::json, ProgressStyle::tty}) {
    const auto out = reporter(style);
    out->on(JobStarted{1, "build", "slow", ""});
    out->on(JobFinished{.id = 1, .ok = false, .seconds = 3, .cancelled = true});
    const std::string text = printed();
    EXPECT_THAT(text, testing::Not(HasSubstr("failed")));
    if (style == ProgressStyle::plain) { EXPECT_EQ(text, "building slow\ncancelled building slow after 3.0 s\n"); }
    if (style == ProgressStyle::json) { EXPECT_THAT(text, HasSubstr("\"ok\":false,\"cancelled\":true,")); }
  }
}

TEST_F(ProgressTest, PlainPrintsLogLinesWhenAsked) {
  const auto out = reporter(ProgressStyle::plain, true);
  out->on(JobStarted{7, "check", "a", ""});
  out->on(JobLog{7, "one"});
  out->on(JobLog{8, "of nobody"});
  out->on(JobFinished{7, true, 1});
  EXPECT_EQ(printed(), "checking a\na> one\nchecked a in 1.0 s\n");
}

TEST_F(ProgressTest, ColourIsOnlyPaint) {
  const auto out = reporter(ProgressStyle::plain, true, true);
  out->on(JobStarted{1, "build", "a", ""});
  out->on(JobLog{1, "x"});
  out->on(JobFinished{1, true, 1});
  EXPECT_EQ(printed(), "building a\n\033[36ma>\033[0m x\n\033[32mbuilt\033[0m a in 1.0 s\n");
}

TEST_F(ProgressTest, JsonIsOneObjectPerEvent) {
  const auto out = reporter(ProgressStyle::json);
  out->on(Totals{1, 2, 3});
  out->on(JobStarted{1, "build", "a\"b", "/nix/store/x.drv"});
  out->on(JobLog{1, "bad \xff byte"});
  out->on(JobProgress{1, 5, 0});
  out->on(JobFinished{1, true, 0.5});
  out->on(Message{"note"});
  EXPECT_EQ(printed(),
            "{\"event\":\"totals\",\"done\":1,\"running\":2,\"total\":3}\n"
            "{\"event\":\"start\",\"id\":1,\"kind\":\"build\",\"name\":\"a\\\"b\",\"subject\":\"/nix/store/x.drv\"}\n"
            "{\"event\":\"log\",\"id\":1,\"line\":\"bad \xef\xbf\xbd byte\"}\n"
            "{\"event\":\"progress\",\"id\":1,\"done\":5,\"total\":0}\n"
            "{\"event\":\"finish\",\"id\":1,\"ok\":true,\"cancelled\":false,\"seconds\":0.5}\n"
            "{\"event\":\"message\",\"text\":\"note\"}\n");
}

TEST_F(ProgressTest, QuietPrintsNothing) {
  const auto out = reporter(ProgressStyle::quiet, true);
  out->on(JobStarted{1, "build", "a", ""});
  out->on(Message{"note"});
  EXPECT_EQ(printed(), "");
}

TEST_F(ProgressTest, TtyRedrawsAtMostTenTimesASecond) {
  const Environment environment{{"COLUMNS", "60"}};
  auto out = reporter(ProgressStyle::tty);
  out->on(Totals{1, 1, 9});
  EXPECT_EQ(printed(), "\r[1/9]\033[K");
  out->on(JobStarted{1, "build", "gcc-12", ""});
  for (int i = 0; i < 50; ++i) out->on(JobLog{1, "line " + std::to_string(i)});
  EXPECT_EQ(printed(), "") << "no time has passed";
  now_ += milliseconds(99);
  out->on(JobLog{1, "later"});
  EXPECT_EQ(printed(), "");
  now_ += milliseconds(1);
  out->on(JobLog{1, "now"});
  EXPECT_EQ(printed(), "\r[1/9] building gcc-12 0.1 s: now\033[K");
  out->on(JobStarted{2, "fetch", "zlib", ""});
  out->on(JobStarted{3, "fetch", "xz", ""});
  now_ += milliseconds(12'300);
  out->on(JobLog{1, "checking whether the C compiler works... yes"});
  EXPECT_EQ(printed(), "\r[1/9] building gcc-12 12.4 s and 2 more: checking...... yes\033[K");
  out.reset();
  EXPECT_EQ(printed(), "\r\033[K") << "the line is taken away";
}

TEST_F(ProgressTest, TtyShowsDownloadsAndPutsMessagesAboveTheLine) {
  const Environment environment{{"COLUMNS", "80"}};
  auto out = reporter(ProgressStyle::tty);
  out->on(JobStarted{1, "fetch", "linux", ""});
  EXPECT_EQ(printed(), "\r[0/0] fetching linux 0.0 s\033[K");
  now_ += milliseconds(500);
  out->on(JobProgress{1, 1'400'000, 89'000'000});
  EXPECT_EQ(printed(), "\r[0/0] fetching linux 0.5 s: 1.4 MB of 89.0 MB\033[K");
  out->on(Message{"made swage.lock"});
  EXPECT_EQ(printed(), "\r\033[Kmade swage.lock\n\r[0/0] fetching linux 0.5 s: 1.4 MB of 89.0 MB\033[K");
  out->on(JobFinished{1, false, 2});
  EXPECT_THAT(printed(), HasSubstr("\r\033[Kfailed fetching linux after 2.0 s\n"));
}

TEST_F(ProgressTest, TtyGivesEachSlowDownloadALine) {
  const Environment environment{{"COLUMNS", "80"}};
  auto out = reporter(ProgressStyle::tty);
  out->on(Totals{0, 3, 3});
  out->on(JobStarted{1, "fetch", "linux", ""});
  out->on(JobStarted{2, "fetch", "gcc", ""});
  out->on(JobStarted{3, "build", "busybox", ""});
  out->on(JobProgress{1, 0, 89'000'000});
  out->on(JobProgress{2, 1'000'000, 0});   // of an earlier run
  now_ += milliseconds(4'000);
  printed();
  out->on(JobProgress{1, 8'000'000, 89'000'000});
  EXPECT_EQ(printed(), "\rfetching linux: 8.0 MB of 89.0 MB, 2.0 MB/s, 40.5 s left\033[K\n"
                       "\rfetching gcc: 1.0 MB, 0 B/s\033[K\n\r[0/3] building busybox 4.0 s\033[K");
  now_ += milliseconds(100);
  out->on(JobFinished{2, true, 4.1});
  EXPECT_THAT(printed(), HasSubstr("\r\033[K\033[A\033[K\033[A\033[K\rfetching linux: "));
  out->on(Message{"note"});
  EXPECT_THAT(printed(), testing::StartsWith("\r\033[K\033[A\033[Knote\n"));
}

TEST(Elide, CutsTheMiddleByCharacters) {
  EXPECT_EQ(elide("short", 10), "short");
  EXPECT_EQ(elide("abcdefghijklmnop", 9), "abc...nop");
  EXPECT_EQ(elide("äöüäöüäöüäöü", 7), "äö...öü");
  EXPECT_EQ(elide("abcdef", 2), "..");
  EXPECT_EQ(elide("", 0), "");
}

TEST(Elide, SpellsOutWhatWouldMoveTheCursor) {
  EXPECT_EQ(elide("a\033[31mred\033[0m\tb\rc", 80), "ared b\\u000dc");
  EXPECT_EQ(elide("\xc2\x9b" "2J", 80), "\\u009b2J");
  EXPECT_EQ(elide("ab\x9b\033[2J", 9), "ab\\...[2J");
}

TEST(Terminal, PipesAreNoTerminals) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const UniqueFd a(fds[0]), b(fds[1]);
  const Environment environment{{"TERM", "xterm"}};
  EXPECT_EQ(default_progress_style(b.get()), ProgressStyle::plain);
  EXPECT_FALSE(want_colour(b.get()));
  EXPECT_EQ(terminal_width(b.get()), 80u);
}

TEST(Terminal, TheUsersVariablesDecide) {
  int master = -1, slave = -1;
  const winsize size{.ws_row = 24, .ws_col = 66, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const UniqueFd a(master), b(slave);
  {
    const Environment environment{{"TERM", "xterm"}};
    EXPECT_EQ(default_progress_style(slave), ProgressStyle::tty);
    EXPECT_TRUE(want_colour(slave));
    EXPECT_EQ(terminal_width(slave), 66u);
  }
  {
    const Environment environment{{"TERM", "dumb"}, {"COLUMNS", "40"}};
    EXPECT_EQ(default_progress_style(slave), ProgressStyle::plain);
    EXPECT_FALSE(want_colour(slave));
    EXPECT_EQ(terminal_width(slave), 40u);
  }
  {
    const Environment environment{{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}};
    EXPECT_FALSE(want_colour(slave));
  }
  const Environment environment{{"TERM", "dumb"}, {"CLICOLOR_FORCE", "1"}};
  EXPECT_TRUE(want_colour(slave));
}

TEST(Terminal, ALiveLineFitsAndLeavesNothingBehind) {
  int master = -1, slave = -1;
  const winsize size{.ws_row = 24, .ws_col = 30, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const UniqueFd a(master), b(slave);
  const Environment environment{{"TERM", "xterm"}};
  {
    const auto out = make_reporter({.style = ProgressStyle::tty, .fd = slave});
    out->on(Totals{0, 1, 1});
    out->on(JobStarted{1, "build", "linux", ""});
    ::usleep(350'000);  // the clock goes on without events
    out->on(JobLog{1, std::string(100, 'x')});
    ::usleep(150'000);
  }
  std::string text;
  for (pollfd ready{master, POLLIN, 0}; !text.ends_with("\r\033[K") && ::poll(&ready, 1, 2000) == 1;) {
    char part[4096];
    const ssize_t got = ::read(master, part, sizeof part);
    if (got <= 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  EXPECT_THAT(text, HasSubstr("building linux 0."));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  EXPECT_TRUE(text.ends_with("\r\033[K")) << text;
  std::size_t longest = 0, draws = 0;
  for (std::size_t at = 0; (at = text.find('\r', at)) != std::string::npos; ++at, ++draws)
    longest = std::max(longest, text.find("\033[K", at) - at - 1);
  EXPECT_LE(longest, 29u);
  EXPECT_GE(draws, 4u) << "the elapsed time is redrawn without events";
  EXPECT_LE(draws, 8u);
}

}  // namespace
}  // namespace swage
