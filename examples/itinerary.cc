// A plan that fills in while the model writes it: each snapshot is drawn over the one before.
#include <espalier/espalier.h>

#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

struct Stop {
  std::string place;
  int hours = 0;
};
ESPALIER_GENERABLE(Stop, place, (hours, range(1, 8)));

struct Itinerary {
  std::string title;
  std::vector<Stop> stops;
};
ESPALIER_GENERABLE(Itinerary, title, (stops, count(3)));

namespace {

// What is not there yet is "…".
std::string drawn(const espalier::PartiallyGenerated<Itinerary>& plan) {
  std::ostringstream text;
  text << plan.title.value_or("…") << "\n";
  if (plan.stops) {
    for (const auto& stop : *plan.stops) {
      text << "  " << stop.place.value_or("…") << ", ";
      text << (stop.hours ? std::to_string(*stop.hours) + " h" : "…") << "\n";
    }
  }
  return text.str();
}

}  // namespace

int main(int argc, char** argv) try {
  espalier::LanguageModelSession session;
  auto stream = session.stream_response<Itinerary>(
      argc > 1 ? argv[1] : "Plan a day in Paris: three places to see.",
      {.sampling = espalier::SamplingMode::greedy(), .maximum_response_tokens = 200});
  std::string on_screen;
  for (const auto& snapshot : stream) {
    for (const char c : on_screen) std::cout << (c == '\n' ? "\x1b[A\x1b[2K" : "");
    on_screen = drawn(snapshot.content);
    std::cout << "\r" << on_screen << std::flush;
  }
  const Itinerary plan = stream.collect().content;
  int hours = 0;
  for (const Stop& stop : plan.stops) hours += stop.hours;
  std::cout << plan.stops.size() << " places in " << hours << " hours\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
