#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace espalier::cli {
namespace {

constexpr std::size_t bar_width = 30;
// A log should not grow faster than somebody reads it.
constexpr std::chrono::seconds plain_interval{10};

}  // namespace

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)),
      total_(total == 0 ? 1 : total),
      terminal_(isatty(STDERR_FILENO) == 1),
      last_(Clock::now()) {}

Progress::~Progress() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(std::size_t done, const std::string& note) {
  if (terminal_) {
    const std::size_t filled = done * bar_width / total_;
    fmt::print(stderr, "\r\x1b[K{} [{:=<{}}{:{}}] {}/{} {}", what_, "", filled, "",
               bar_width - filled, done, total_, note);
    std::fflush(stderr);
  } else if (Clock::now() - last_ >= plain_interval) {
    last_ = Clock::now();
    fmt::print(stderr, "{} {}/{} {}\n", what_, done, total_, note);
  }
}

}  // namespace espalier::cli
