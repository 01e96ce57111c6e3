// How far long work has come: a bar on a terminal, a plain line now and then elsewhere. Standard
// error, so that results can be piped.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace espalier::cli {

class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note`: a figure to go with it.
  void update(std::size_t done, const std::string& note);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  std::size_t total_;
  bool terminal_;
  Clock::time_point last_;
};

}  // namespace espalier::cli
