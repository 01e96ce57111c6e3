// README.md of a Hugging Face folder, whose head says what config.json does not: name and licence.
//
//   ---
//   license: apache-2.0
//   model_name: SmolLM2 135M Instruct
//   ---
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace espalier::engine {

struct ModelCard {
  std::string name;  // may be empty, as may be
  // as the file that it came from spells it; license_name where that is "other"
  std::string license;
  std::vector<std::string> languages = {};  // as they are spelled, "en"
};

// Both are empty where the folder has no card, or one without a head. Of the head's YAML plain and
// quoted words on one line are understood, and of languages lists too; others count as not said.
ModelCard read_model_card(const std::filesystem::path& folder);

// The text of a card; `origin` is what it was made from.
std::string write_model_card(const ModelCard& card, const std::string& origin);

}  // namespace espalier::engine
