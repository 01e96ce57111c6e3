// The licence of a Hugging Face folder, as far as the folder says it. No program can say what it
// allows: this is for people to follow up.
#pragma once

#include <filesystem>
#include <string>

namespace espalier::engine {

// "license" (or, where that is "other", "license_name") of the front matter of README.md, the model
// card; else "see LICENSE" where a file of that or a like name is there; else empty. What cannot be
// read counts as absent.
std::string read_folder_license(const std::filesystem::path& folder);

}  // namespace espalier::engine
