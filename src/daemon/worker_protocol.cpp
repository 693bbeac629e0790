#include "daemon/worker_protocol.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace swage {

namespace {

constexpr std::uint64_t kClientMagic = 0x6e697863, kDaemonMagic = 0x6478696f;
constexpr std::size_t kMostFeatures = 1000, kLongestFeature = 1000;
constexpr std::size_t kMostFields = 64, kMostTraces = 1000;
constexpr std::size_t kMostSignatures = 1000, kLongestSignature = 1000;
constexpr std::size_t kMostBuilds = 1'000'000;
constexpr std::uint64_t kMostWanted = 64ULL << 20;   // bytes that a daemon asks for at once

enum class MessageType : std::uint64_t {
  next = 0x6f6c6d67,
  read = 0x64617461,
  last = 0x616c7473,
  error = 0x63787470,
  start_activity = 0x53545254,
  stop_activity = 0x53544f50,
  result = 0x52534c54,
};

std::uint64_t wire_version(WorkerVersion version) { return version.major << 8 | version.minor; }

Result<std::vector<DaemonField>> read_fields(WireReader& in) {
  SWAGE_TRY(const std::uint64_t count, in.number("the number of fields", kMostFields));
  std::vector<DaemonField> fields;
  for (std::uint64_t i = 0; i < count; ++i) {
    SWAGE_TRY(const std::uint64_t type, in.number("the type of a field", 1));
    if (type == 0) {
      SWAGE_TRY(const std::uint64_t value, in.number("a field"));
      fields.emplace_back(value);
    } else {
      SWAGE_TRY(std::string value, in.text("a field"));
      fields.emplace_back(std::move(value));
    }
  }
  return fields;
}

Result<DaemonMessage> read_refusal(WireReader& in, WorkerVersion version) {
  DaemonRefusal refusal;
  if (version < kErrorsWithTraces) {
    SWAGE_TRY(refusal.message, in.text("an error's text"));
    SWAGE_CHECK(in.number("an error's status"));
    return DaemonMessage(std::move(refusal));
  }
  SWAGE_TRY(const std::string type, in.text("an error's type", 100));
  if (type != "Error") return in.broken("an error's type is not 'Error'");
  SWAGE_CHECK(in.number("an error's level"));
  SWAGE_CHECK(in.text("an error's name", kLongestFeature));
  SWAGE_TRY(refusal.message, in.text("an error's text"));
  SWAGE_CHECK(in.number("an error's position", 0));
  SWAGE_TRY(const std::uint64_t count, in.number("the number of an error's traces", kMostTraces));
  for (std::uint64_t i = 0; i < count; ++i) {
    SWAGE_CHECK(in.number("a trace's position", 0));
    SWAGE_TRY(std::string trace, in.text("a trace"));
    refusal.traces.push_back(std::move(trace));
  }
  return DaemonMessage(std::move(refusal));
}

Result<DaemonMessage> read_start(WireReader& in) {
  DaemonStart start;
  SWAGE_TRY(start.id, in.number("an activity"));
  SWAGE_TRY(start.level, in.number("an activity's level"));
  SWAGE_TRY(start.type, in.number("an activity's type"));
  SWAGE_TRY(start.text, in.text("an activity's text"));
  SWAGE_TRY(start.fields, read_fields(in));
  SWAGE_TRY(start.parent, in.number("an activity's parent"));
  return DaemonMessage(std::move(start));
}

Result<DaemonMessage> read_news(WireReader& in) {
  DaemonNews news;
  SWAGE_TRY(news.id, in.number("an activity"));
  SWAGE_TRY(news.type, in.number("a result's type"));
  SWAGE_TRY(news.fields, read_fields(in));
  return DaemonMessage(std::move(news));
}

}  // namespace

std::string WorkerVersion::str() const { return fmt::format("{}.{}", major, minor); }

WireWriter hello(WorkerVersion newest) {
  WireWriter out;
  out.number(kClientMagic).number(wire_version(newest));
  return out;
}

Result<WorkerVersion> read_hello(WireReader& in) {
  SWAGE_TRY(const std::uint64_t magic, in.number("the daemon's first number"));
  if (magic != kDaemonMagic) return in.broken("what answers is no Nix daemon");
  SWAGE_TRY(const std::uint64_t wire, in.number("the daemon's version", 0xffff));
  const WorkerVersion said{static_cast<unsigned>(wire >> 8), static_cast<unsigned>(wire & 0xff)};
  if (said.major != kNewestWorker.major || said < kOldestWorker)
    return Fail(Error{.code = Errc::environment,
                      .what = fmt::format("'{}' speaks version {} of the worker protocol", in.name(), said.str())}
                    .hinted(fmt::format("swage speaks {} (Nix 2.3) to {}", kOldestWorker.str(), kNewestWorker.str())));
  return std::min(said, kNewestWorker);
}

WireWriter after_hello(WorkerVersion version) {
  WireWriter out;
  if (version >= kFeatureSets) out.texts({});
  out.number(0).number(0);
  return out;
}

Result<DaemonInfo> read_after_hello(WireReader& in, WorkerVersion version) {
  DaemonInfo info{.protocol = version};
  if (version >= kFeatureSets) SWAGE_CHECK(in.texts("a feature", kMostFeatures, kLongestFeature));
  if (version >= kNixVersionSaid) { SWAGE_TRY(info.nix_version, in.text("the version of Nix", 100)); }
  if (version >= kTrustSaid) {
    SWAGE_TRY(const std::uint64_t trust, in.number("whether the client is trusted", 2));
    if (trust != 0) info.trusted = trust == 1;
  }
  return info;
}

Result<DaemonMessage> read_message(WireReader& in, WorkerVersion version) {
  SWAGE_TRY(const std::uint64_t type, in.number("a message's type"));
  switch (static_cast<MessageType>(type)) {
    case MessageType::last: return DaemonMessage(DaemonDone{});
    case MessageType::error: return read_refusal(in, version);
    case MessageType::start_activity: return read_start(in);
    case MessageType::result: return read_news(in);
    case MessageType::next: {
      SWAGE_TRY(std::string text, in.text("a message"));
      return DaemonMessage(DaemonText{std::move(text)});
    }
    case MessageType::stop_activity: {
      SWAGE_TRY(const std::uint64_t id, in.number("an activity"));
      return DaemonMessage(DaemonStop{id});
    }
    case MessageType::read: {
      SWAGE_TRY(const std::uint64_t size, in.number("the number of wanted bytes", kMostWanted));
      if (size == 0) return in.broken("no bytes are wanted");
      return DaemonMessage(DaemonWants{size});
    }
  }
  return in.broken(fmt::format("a message of type {:#x}, which is not known", type));
}

const std::string* field_text(const std::vector<DaemonField>& fields, std::size_t at) {
  return at < fields.size() ? std::get_if<std::string>(&fields[at]) : nullptr;
}

WireWriter set_options(const DaemonSettings& settings) {
  constexpr std::uint64_t info_level = 3, vomit_level = 7;
  WireWriter out;
  out.number(static_cast<std::uint64_t>(WorkerOp::set_options));
  out.number(settings.keep_failed).number(settings.keep_going).number(0).number(info_level);
  out.number(settings.jobs).number(settings.max_silent).number(1).number(vomit_level).number(0).number(0);
  out.number(settings.cores).number(settings.use_substitutes);
  out.number(1).text("timeout").text(std::to_string(settings.timeout));
  return out;
}

void write_path_info(WireWriter& out, const PathInfo& info) {
  out.text(info.deriver ? info.deriver->str() : "").text(info.nar_hash.hex()).paths(info.references);
  out.number(static_cast<std::uint64_t>(info.registration_time)).number(info.nar_size).number(info.ultimate);
  out.texts(info.signatures).text(info.ca ? info.ca->str() : "");
}

Result<PathInfo> read_path_info(WireReader& in, StorePath path) {
  PathInfo info{.path = std::move(path)};
  SWAGE_TRY(info.deriver, in.optional_path("a deriver"));
  SWAGE_TRY(const std::string hash, in.text("the hash of a path", 200));
  Result<Hash> parsed = Hash::from_hex(HashAlgo::sha256, hash);
  if (!parsed) return in.broken("the hash of a path is no sha256 in hexadecimal");
  info.nar_hash = *parsed;
  SWAGE_TRY(info.references, in.paths("a reference"));
  SWAGE_TRY(const std::uint64_t time, in.number("a time", INT64_MAX));
  info.registration_time = static_cast<std::int64_t>(time);
  SWAGE_TRY(info.nar_size, in.number("the size of a path", INT64_MAX));
  SWAGE_TRY(info.ultimate, in.boolean("whether a path was built there"));
  SWAGE_TRY(info.signatures, in.texts("a signature", kMostSignatures, kLongestSignature));
  SWAGE_TRY(const std::string address, in.text("a content address", kLongestSignature));
  // Forms that swage has no name for (git, sha1 ...) are left out: the path is then one like any other.
  if (const Result<ContentAddress> ca = ContentAddress::parse(address)) info.ca = *ca;
  return info;
}

std::string all_outputs(const StorePath& drv, WorkerVersion version) {
  return version >= kOutputsWithStar ? drv.str() + "!*" : drv.str();
}

Result<DaemonMissing> read_missing(WireReader& in) {
  DaemonMissing missing;
  SWAGE_TRY(missing.build, in.paths("a path to build"));
  SWAGE_TRY(missing.substitute, in.paths("a path to substitute"));
  SWAGE_TRY(missing.unknown, in.paths("a path that is not known"));
  SWAGE_TRY(missing.download_size, in.number("the size of a download"));
  SWAGE_TRY(missing.nar_size, in.number("the size of what is unpacked"));
  return missing;
}

const char* build_status(std::uint64_t status) {
  constexpr std::array words{"was built", "was substituted", "was valid already", "failed", "was refused as an input",
                             "has an output that was refused", "failed for now", "failed before", "timed out", "failed",
                             "was not built, as something that it needs failed", "wrote too long a log",
                             "is not deterministic", "was valid already", "can be had of no cache"};
  return status < words.size() ? words[status] : "failed";
}

Result<std::vector<DaemonBuild>> read_builds(WireReader& in, WorkerVersion version) {
  SWAGE_TRY(const std::uint64_t count, in.number("the number of builds", kMostBuilds));
  std::vector<DaemonBuild> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    DaemonBuild build;
    SWAGE_TRY(build.wanted, in.text("what was built", 100'000));
    SWAGE_TRY(build.status, in.number("how a build ended", 255));
    SWAGE_TRY(build.message, in.text("a build's error"));
    if (version >= kTimesInResults) {
      SWAGE_CHECK(in.number("how often it was built"));
      SWAGE_CHECK(in.boolean("whether it is not deterministic"));
      SWAGE_TRY(build.start, in.number("when a build began"));
      SWAGE_TRY(build.stop, in.number("when a build ended"));
    }
    if (version >= kCpuTimesInResults)
      for (int times = 0; times < 2; ++times) {
        SWAGE_TRY(const bool said, in.boolean("whether processor times follow"));
        if (said) SWAGE_CHECK(in.number("a processor time"));
      }
    if (version >= kOutputNamesInResults) {
      SWAGE_TRY(const std::uint64_t outputs, in.number("the number of outputs", kMostPaths));
      for (std::uint64_t output = 0; output < outputs; ++output) {
        SWAGE_CHECK(in.text("an output", 1000));
        SWAGE_CHECK(in.text("what is known of an output", 1'000'000));
      }
    }
    all.push_back(std::move(build));
  }
  return all;
}

}  // namespace swage
