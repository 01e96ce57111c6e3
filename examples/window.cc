// A program with a loop of its own: the answer comes from another thread, the loop never waits.
#include <espalier/espalier.h>

#include <chrono>
#include <future>
#include <iostream>
#include <mutex>
#include <string>

int main() try {
  espalier::LanguageModelSession session;
  std::mutex mutex;
  std::string newest;  // what the loop is to show
  const espalier::GenerationOptions options = {.sampling = espalier::SamplingMode::greedy(),
                                               .maximum_response_tokens = 40};

  auto answer = session.stream_async(
      "Why is the sky blue?",
      [&](const espalier::Snapshot<>& snapshot) {
        const std::lock_guard lock(mutex);
        newest = snapshot.content;
        return true;  // false would cancel the answer
      },
      options);

  int frames = 0;
  while (answer.wait_for(std::chrono::milliseconds(16)) != std::future_status::ready) {
    const std::lock_guard lock(mutex);
    std::cout << "frame " << ++frames << ": " << newest.size() << " bytes to show\n";
  }
  std::cout << answer.get().content << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
