// Ctrl-C as a stop token, for as long as an Interrupts lives; afterwards it ends the program again.
#pragma once

#include <csignal>
#include <mutex>
#include <stop_token>
#include <thread>

namespace espalier::cli {

// One at a time: signals belong to the process.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Forgets what came so far. The token is triggered by the next Ctrl-C.
  std::stop_token arm();

  // Whether Ctrl-C came since arm().
  bool came() const noexcept;

 private:
  void watch();

  struct sigaction old_ = {};
  std::mutex mutex_;  // guards source_
  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace espalier::cli
