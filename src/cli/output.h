// Standard output and input, for programs in pipes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace espalier::cli {

// The command line asks for something that makes no sense: exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Nobody reads our output any more (`espalier … | head`): the work can end, and nobody wants to
// hear of it.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("standard output is closed") {}
};

// Writes to standard output at once. Throws OutputClosed, or Error where it fails otherwise (a full
// disk).
void print(std::string_view text);

// One JSON document, indented, with a line's end.
void print_json(const nlohmann::ordered_json& document);

// The same in one line, for output that is many documents.
void print_json_line(const nlohmann::ordered_json& document);

// Writes to standard error, where that can be: a message that nobody can read is no failure.
void remark(std::string_view text) noexcept;

// A line on standard error, "espalier: " in front of it.
void complain(std::string_view message);

// The text as one line without control characters: what a file says of itself must not move the
// cursor or rename the terminal's window.
std::string printable(std::string_view text);

// Standard input to its end, byte for byte. Throws Error where it cannot be read.
std::string read_standard_input();

// The text of an argument: itself, or standard input where it is "-".
std::string text_or_standard_input(const std::string& argument);

}  // namespace espalier::cli
