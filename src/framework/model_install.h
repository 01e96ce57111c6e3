// Puts the default model in place: the one thing here that reaches a network, and it does so
// through pip, which checks the package against a pinned hash.
#pragma once

#include <filesystem>

namespace espalier::framework {

struct InstallResult {
  std::filesystem::path path;
  bool already_there = false;
};

// Into user_model_folder(). The file appears there by one rename once it is complete and has its
// size; whatever happens before that leaves nothing behind. Two calls at a time take turns.
// `quiet`: pip's progress is not shown on standard error.
// Throws AssetsUnavailable saying what is missing (Python, pip, network, room) and what to do.
InstallResult install_default_model(bool quiet = false);

}  // namespace espalier::framework
