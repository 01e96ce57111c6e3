#include "base/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "espalier/error.h"

namespace espalier::base {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

}  // namespace

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)) {
  // mkstemp() would make a file that only its owner may read, and the umask cannot be asked for
  // without changing it. So the name is made here, and O_EXCL sees to it that it is ours.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    partial_ = path_;
    partial_ += fmt::format(".part{}-{}", ::getpid(), attempt);
    descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && (errno != EEXIST || attempt == 1000)) fail(errno);
  }
  buffer_.reserve(buffer_bytes);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void OutputFile::write(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > buffer_bytes) flush();
  if (bytes.size() >= buffer_bytes) {
    write_through(bytes);
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

void OutputFile::finish() {
  flush();
  // A network's file system may only now find that its disk is full.
  if (::fsync(descriptor_) != 0) fail(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) fail(errno);
  partial_.clear();
}

void OutputFile::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void OutputFile::write_through(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    written_ += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void OutputFile::fail(int error) const {
  throw AssetsUnavailable(fmt::format("{}: cannot be written: {}", path_.string(),
                                      std::system_category().message(error)));
}

}  // namespace espalier::base
