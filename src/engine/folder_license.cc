#include "engine/folder_license.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace espalier::engine {
namespace {

// Front matter is a few lines at the start of the file.
constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::size_t longest_licence = 200;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view around = " \t\r\"'";
  const std::size_t begin = text.find_first_not_of(around);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(around) + 1 - begin).substr(0, longest_licence);
}

// The lines between two of "---" at the very front, as far as `key: value` goes.
std::string front_matter(const std::filesystem::path& path, std::string_view key) {
  std::string start(most_bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  std::istringstream lines(start);
  std::string line;
  if (!std::getline(lines, line) || trimmed(line) != "---") return {};
  while (std::getline(lines, line) && trimmed(line) != "---") {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && std::string_view(line).substr(0, colon) == key) {
      return std::string(trimmed(std::string_view(line).substr(colon + 1)));
    }
  }
  return {};
}

}  // namespace

std::string read_folder_license(const std::filesystem::path& folder) {
  const std::filesystem::path card = folder / "README.md";
  const std::string said = front_matter(card, "license");
  if (said == "other") {
    if (const std::string name = front_matter(card, "license_name"); !name.empty()) return name;
  }
  if (!said.empty()) return said;
  for (const char* name : {"LICENSE", "LICENSE.md", "LICENSE.txt"}) {
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(folder / name, unreadable)) {
      return std::string("see ").append(name);
    }
  }
  return {};
}

}  // namespace espalier::engine
