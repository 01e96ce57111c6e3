#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <system_error>

#include "espalier/error.h"

namespace espalier::cli {

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno != EINTR) {
      throw Error(ErrorCode::unknown, fmt::format("standard output cannot be written: {}",
                                                  std::generic_category().message(errno)));
    }
  }
}

// File names may hold bytes that are not UTF-8.
constexpr auto repair = nlohmann::ordered_json::error_handler_t::replace;

void print_json(const nlohmann::ordered_json& document) {
  print(document.dump(2, ' ', false, repair) + "\n");
}

void print_json_line(const nlohmann::ordered_json& document) {
  print(document.dump(-1, ' ', false, repair) + "\n");
}

// fmt::print would throw on a closed or full standard error, also out of main's last handler.
void remark(std::string_view text) noexcept { std::fwrite(text.data(), 1, text.size(), stderr); }

void complain(std::string_view message) {
  remark(fmt::format("espalier: {}\n", printable(message)));
}

std::string printable(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

std::string read_standard_input() {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      throw Error(ErrorCode::unknown, fmt::format("standard input cannot be read: {}",
                                                  std::generic_category().message(errno)));
    }
  }
}

std::string text_or_standard_input(const std::string& argument) {
  return argument == "-" ? read_standard_input() : argument;
}

}  // namespace espalier::cli
