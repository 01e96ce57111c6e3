#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "cli/output.h"

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
  if (terminal_) remark("\r\x1b[K");
}

void Progress::update(std::size_t done, const std::string& note) {
  if (terminal_) {
    const std::size_t filled = done * bar_width / total_;
    remark(fmt::format("\r\x1b[K{} [{:=<{}}{:{}}] {}/{} {}", what_, "", filled, "",
                       bar_width - filled, done, total_, note));
  } else if (Clock::now() - last_ >= plain_interval) {
    last_ = Clock::now();
    remark(fmt::format("{} {}/{} {}\n", what_, done, total_, note));
  }
}

}  // namespace espalier::cli
