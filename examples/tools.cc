// Tools: the model reads what your code knows, instead of guessing.
#include <espalier/espalier.h>

#include <ctime>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>

struct Place {
  std::string city;
};
ESPALIER_GENERABLE(Place, (city, "its name in English"));

struct Zone {
  int hours_east_of_greenwich = 0;
};
ESPALIER_GENERABLE(Zone, (hours_east_of_greenwich, range(-12, 14)));

struct Weather {
  int celsius = 0;
  std::string sky;
};
ESPALIER_GENERABLE(Weather, celsius, sky);

int main() try {
  using namespace espalier;
  const auto weather =
      make_tool<Place>("get_weather", "The weather in a city now.", [](const Place& place) {
        std::cerr << "(looking at the weather of " << place.city << ")\n";
        return Weather{.celsius = 4, .sky = "rain"};  // your weather service
      });
  const auto clock = make_tool<Zone>("get_time", "The time of day.", [](const Zone& zone) {
    const std::time_t now = std::time(nullptr) + 3600 * zone.hours_east_of_greenwich;
    std::ostringstream time;
    time << std::put_time(std::gmtime(&now), "%H:%M");
    return time.str();
  });

  LanguageModelSession session({weather, clock}, "Answer in one sentence, from what tools say.");
  const Response response = session.respond("What is the weather in Oslo?",
                                            {.sampling = SamplingMode::greedy(),
                                             .maximum_response_tokens = 80,
                                             .tool_calling_mode = ToolCallingMode::required});
  for (const Transcript::Entry& entry : response.transcript_entries) {
    const auto* calls = std::get_if<Transcript::ToolCalls>(&entry);
    if (calls != nullptr) std::cout << "called: " << entry_text(entry) << "\n";
  }
  std::cout << "answer: " << response.content << "\n";
} catch (const espalier::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
