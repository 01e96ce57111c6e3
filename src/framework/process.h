// Runs a program without a shell.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace espalier::framework {

struct Command {
  std::vector<std::string> arguments;  // [0] is the program: a path, no search in PATH
  // Set for the program on top of this process's environment.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::filesystem::path standard_error;  // the file that receives it
  bool silent = false;                   // standard output goes nowhere, else to our standard error
};

struct Outcome {
  int exit_status = -1;
  int signal = 0;  // what ended it, where one did
  bool succeeded() const noexcept { return signal == 0 && exit_status == 0; }
};

// Waits for the end. As system() does, it ignores interrupts meanwhile, which the program gets as
// well: the caller can then clean up. Throws Error where the program cannot be started.
Outcome run(const Command& command);

// Programs of that name in PATH, in its order.
std::vector<std::filesystem::path> programs_in_path(const std::string& name);

}  // namespace espalier::framework
