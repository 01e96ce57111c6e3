// The licence of a Hugging Face folder, as far as the folder says it. No program can say what it
// allows: this is for people to follow up.
#pragma once

#include <filesystem>
#include <string>

namespace espalier::engine {

// What the model card says (model_card.h); else "see LICENSE" where a file of that or a like name
// is there; else empty. What cannot be read counts as absent.
std::string read_folder_license(const std::filesystem::path& folder);

}  // namespace espalier::engine
