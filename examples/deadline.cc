// Gives an answer a deadline: another thread stops it. The session is as it was before the
// request and can be used at once.
#include <espalier/espalier.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

int main() try {
  espalier::LanguageModelSession session;
  session.prewarm();

  std::stop_source deadline;
  const std::jthread clock([&deadline] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    deadline.request_stop();
  });
  try {
    std::cout << session.respond("Tell me a long story.", {}, deadline.get_token()).content << "\n";
  } catch (const espalier::Cancelled&) {
    std::cout << "too slow; the transcript has " << session.transcript().size() << " entries\n";
  }
  std::cout << session.respond("Name a colour.", {.maximum_response_tokens = 20}).content << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
