#include "engine/folder_license.h"

#include <system_error>

#include "engine/model_card.h"

namespace espalier::engine {

std::string read_folder_license(const std::filesystem::path& folder) {
  if (std::string said = read_model_card(folder).license; !said.empty()) return said;
  for (const char* name : {"LICENSE", "LICENSE.md", "LICENSE.txt"}) {
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(folder / name, unreadable)) {
      return std::string("see ").append(name);
    }
  }
  return {};
}

}  // namespace espalier::engine
