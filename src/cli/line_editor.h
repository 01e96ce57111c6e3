// A line from the terminal, with editing, and with a history that is kept between runs.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace espalier::cli {

class LineEditor {
 public:
  // `history`: the file; empty keeps none. `interrupted` is asked when a key does not come: true
  // gives up the line.
  LineEditor(const std::filesystem::path& history, std::function<bool()> interrupted);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Without the line's end; nothing at the end of input or after an interrupt.
  std::optional<std::string> read_line(const std::string& prompt);

  // Keeps a line for the arrow keys, and for the next run.
  void remember(const std::string& line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// $XDG_STATE_HOME/espalier/history, or ~/.local/state/espalier/history; its folder is made. Empty
// where that cannot be.
std::filesystem::path history_file();

}  // namespace espalier::cli
