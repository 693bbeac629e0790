#include "daemon/worker_protocol.hpp"

#include "daemon/daemon_progress.hpp"
#include "store_support.hpp"

namespace swage {
namespace {

using test::path_of;
using test::source_of;

WireReader reader(const WireWriter& out) { return {source_of(out.bytes()), "far"}; }
const StorePath kDrv = path_of(std::string(32, '0') + "-x.drv");
constexpr WorkerVersion kOld{1, 21};

TEST(WorkerProtocol, Hello) {
  EXPECT_EQ(hello(kNewestWorker).bytes(), std::string_view("cxin\0\0\0\0\x26\1\0\0\0\0\0\0", 16));
  const auto answered = [](std::uint64_t magic, std::uint64_t version) {
    WireWriter out;
    out.number(magic).number(version);
    WireReader in = reader(out);
    return read_hello(in);
  };
  EXPECT_EQ(answered(0x6478696f, 0x115).value(), kOld);
  EXPECT_EQ(answered(0x6478696f, 0x126).value(), kNewestWorker);
  EXPECT_EQ(answered(0x6478696f, 0x140).value(), kNewestWorker) << "the lower of both";
  EXPECT_FAILS(answered(0x6478696f, 0x114), Errc::environment, "'far' speaks version 1.20 of the worker protocol");
  EXPECT_FAILS(answered(0x6478696f, 0x226), Errc::environment, "'far' speaks version 2.38 of the worker protocol");
  EXPECT_FAILS(answered(0x2d485353, 0x115), Errc::corrupt,
               "'far' does not speak the worker protocol at byte 8: what answers is no Nix daemon");
}

TEST(WorkerProtocol, WhatFollowsHelloIsByVersion) {
  EXPECT_EQ(after_hello(kOld).bytes().size(), 16U);
  EXPECT_EQ(after_hello(kNewestWorker).bytes().size(), 24U) << "no features";
  WireWriter out;
  out.texts({"a-feature"}).text("2.26.3").number(2);
  WireReader in = reader(out);
  const DaemonInfo info = read_after_hello(in, kNewestWorker).value();
  EXPECT_EQ(info.nix_version, "2.26.3");
  EXPECT_EQ(info.trusted, false);
  WireReader none = reader(WireWriter());
  EXPECT_FALSE(read_after_hello(none, kOld).value().nix_version);
}

TEST(WorkerProtocol, ErrorsAreByVersion) {
  WireWriter old;
  old.number(0x63787470).text("it is broken").number(1);
  WireReader in_old = reader(old);
  EXPECT_EQ(std::get<DaemonRefusal>(read_message(in_old, kOld).value()).message, "it is broken");
  WireWriter out;
  out.number(0x63787470).text("Error").number(0).text("Error").text("it is broken").number(0).number(1).number(0).text("there");
  WireReader in = reader(out);
  const DaemonRefusal refusal = std::get<DaemonRefusal>(read_message(in, kNewestWorker).value());
  EXPECT_EQ(refusal.message, "it is broken");
  EXPECT_EQ(refusal.traces, std::vector<std::string>{"there"});
}

TEST(WorkerProtocol, UnknownMessagesAreRefused) {
  WireWriter out;
  out.number(0x1234);
  WireReader in = reader(out);
  EXPECT_FAILS(read_message(in, kNewestWorker), Errc::corrupt,
               "'far' does not speak the worker protocol at byte 8: a message of type 0x1234, which is not known");
}

TEST(WorkerProtocol, PathInfosAreReadAsTheyWereWritten) {
  PathInfo info{.path = kDrv, .nar_hash = sha256("x"), .nar_size = 3, .references = {path_of(std::string(32, '1') + "-b")},
                .registration_time = 5, .signatures = {"k:s"}};
  info.ca = ContentAddress{.method = ContentMethod::text, .hash = sha256("y")};
  WireWriter out;
  write_path_info(out, info);
  WireReader in = reader(out);
  const PathInfo read = read_path_info(in, kDrv).value();
  EXPECT_EQ(read.nar_hash, info.nar_hash);
  EXPECT_EQ(read.nar_size, 3U);
  EXPECT_EQ(read.references, info.references);
  EXPECT_EQ(read.signatures, info.signatures);
  EXPECT_EQ(read.ca, info.ca);
  EXPECT_FALSE(read.deriver);
}

TEST(WorkerProtocol, ResultsOfBuildsAreByVersion) {
  const auto result = [](WorkerVersion version) {
    WireWriter out;
    out.number(1).text(all_outputs(kDrv, version)).number(3).text("it failed");
    if (version >= kTimesInResults) out.number(1).number(0).number(10).number(20);
    if (version >= kCpuTimesInResults) out.number(1).number(7).number(0);
    out.number(1).text("sha256:00!out").text("{}").number(99);
    WireReader in = reader(out);
    const std::vector<DaemonBuild> builds = read_builds(in, version).value();
    EXPECT_EQ(in.number("what follows").value(), 99U);
    return builds.at(0);
  };
  for (const WorkerVersion version : {WorkerVersion{1, 28}, WorkerVersion{1, 34}, kNewestWorker}) {
    const DaemonBuild build = result(version);
    EXPECT_FALSE(build.ok());
    EXPECT_EQ(build.message, "it failed");
    EXPECT_EQ(build.stop, version >= kTimesInResults ? 20U : 0U);
  }
  EXPECT_EQ(result(kNewestWorker).wanted, kDrv.str() + "!*");
  EXPECT_EQ(result(WorkerVersion{1, 28}).wanted, kDrv.str());
  EXPECT_STREQ(build_status(8), "timed out");
  EXPECT_STREQ(build_status(200), "failed");
}

struct Told final : Reporter {
  std::vector<std::string> lines{};
  void on(const Event& event) override {
    if (const auto* started = std::get_if<JobStarted>(&event)) lines.push_back(started->kind + " " + started->name);
    if (const auto* log = std::get_if<JobLog>(&event)) lines.push_back("log " + log->line);
    if (const auto* finished = std::get_if<JobFinished>(&event)) lines.push_back(finished->cancelled ? "cancelled" : "done");
    if (const auto* message = std::get_if<Message>(&event)) lines.push_back(message->text);
  }
};

TEST(DaemonProgress, BuildsAreJobsOfOurs) {
  Told told;
  {
    DaemonProgress progress(told);
    progress.on(DaemonStart{.id = 1, .type = 104});   // all builds: nobody's
    progress.on(DaemonStart{.id = 2, .type = 105, .fields = {kDrv.str(), std::string()}});
    progress.on(DaemonNews{.id = 2, .type = 101, .fields = {std::string("a line")}});
    progress.on(DaemonNews{.id = 2, .type = 105, .fields = {std::uint64_t{1}}});
    progress.on(DaemonNews{.id = 77, .type = 101, .fields = {std::string("nobody's")}});
    progress.on(DaemonText{"warning: x\n"});
    progress.on(DaemonStop{2});
    progress.on(DaemonStop{2});
    progress.on(DaemonStart{.id = 3, .type = 105, .fields = {std::string("no path")}});
    progress.on(DaemonStart{.id = 4, .type = 108, .fields = {std::string(kDrv.str())}});
  }
  EXPECT_EQ(told.lines, (std::vector<std::string>{"build x", "log a line", "warning: x", "done", "substitute x", "cancelled"}));
}

}  // namespace
}  // namespace swage
