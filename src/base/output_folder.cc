#include "base/output_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/message_format.h"
#include "espalier/error.h"

namespace espalier::base {
namespace {

namespace fs = std::filesystem;

// "model/" and "model" are the same folder, but only the second has a name to put something behind.
fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path sibling(const fs::path& path, std::string_view ending, int attempt) {
  fs::path name = path;
  name += fmt::format(".{}{}-{}", ending, ::getpid(), attempt);
  return name;
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& path) : path_(without_slash(path)) {
  for (int attempt = 0;; ++attempt) {
    const fs::path name = sibling(path_, "part", attempt);
    if (::mkdir(name.c_str(), 0777) == 0) {
      partial_ = name;
      return;
    }
    if (errno != EEXIST || attempt == 1000) fail(errno);
  }
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!partial_.empty()) fs::remove_all(partial_, ignored);
}

void OutputFolder::finish() {
  // rename() replaces an empty folder only, so what is there steps aside first.
  fs::path old;
  std::error_code absent;
  if (fs::exists(fs::symlink_status(path_, absent))) {
    for (int attempt = 0; old.empty(); ++attempt) {
      const fs::path name = sibling(path_, "old", attempt);
      if (!fs::exists(fs::symlink_status(name, absent))) old = name;
    }
    if (::rename(path_.c_str(), old.c_str()) != 0) fail(errno);
  }
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    if (!old.empty()) (void)::rename(old.c_str(), path_.c_str());
    fail(error);
  }
  partial_.clear();
  std::error_code stays;
  if (!old.empty()) fs::remove_all(old, stays);
}

void OutputFolder::fail(int error) const {
  throw AssetsUnavailable(fmt::format("{}: cannot be written: {}", path_.string(),
                                      std::system_category().message(error)));
}

void require_space(const fs::path& path, std::uintmax_t bytes) {
  std::error_code unknown;
  const fs::path parent = without_slash(fs::absolute(path)).parent_path();
  const fs::space_info space = fs::space(parent, unknown);
  if (unknown || space.available >= bytes) return;
  throw AssetsUnavailable(
      fmt::format("{}: takes {} bytes, but its file system has {} left; make room or choose "
                  "another place",
                  path.string(), grouped(bytes), grouped(space.available)));
}

}  // namespace espalier::base
