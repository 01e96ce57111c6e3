#include "cli/interrupt.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>

namespace espalier::cli {
namespace {

// A handler may hardly do anything; it wakes the watcher, which triggers the stop token.
sem_t signals;
std::atomic<int> count{0};
std::atomic<bool> leaving{false};
static_assert(std::atomic<int>::is_always_lock_free, "or a signal handler could not use it");

extern "C" void count_signal(int /*signal*/) {
  const int saved = errno;
  ++count;
  sem_post(&signals);
  errno = saved;
}

}  // namespace

Interrupts::Interrupts() {
  count = 0;
  leaving = false;
  sem_init(&signals, 0, 0);
  watcher_ = std::thread([this] { watch(); });
  // Without SA_RESTART: whoever waits for a key must come back.
  struct sigaction action = {};
  action.sa_handler = count_signal;
  sigaction(SIGINT, &action, &old_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &old_, nullptr);
  leaving = true;
  sem_post(&signals);
  watcher_.join();
  sem_destroy(&signals);
}

std::stop_token Interrupts::arm() {
  const std::lock_guard lock(mutex_);
  count = 0;
  source_ = std::stop_source();
  return source_.get_token();
}

bool Interrupts::came() const noexcept { return count > 0; }

void Interrupts::watch() {
  for (;;) {
    while (sem_wait(&signals) != 0) {
    }
    if (leaving) return;
    const std::lock_guard lock(mutex_);
    // A wake-up from before arm() must not stop what came after it.
    if (count > 0) source_.request_stop();
  }
}

}  // namespace espalier::cli
