#include "cli/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string_view>
#include <system_error>
#include <utility>

namespace espalier::cli {

namespace {

constexpr int history_lines = 1000;

}  // namespace

struct LineEditor::Impl {
  std::filesystem::path file;
  std::function<bool()> interrupted;
  std::string prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;

  static Impl& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }

  // libedit's own reader tries again after a signal; this one asks first.
  static int read_character(EditLine* editor, wchar_t* character) {
    std::mbstate_t state = {};
    for (;;) {
      char byte = 0;
      const ssize_t count = read(STDIN_FILENO, &byte, 1);
      if (count == 0) return 0;
      if (count < 0) {
        if (errno == EINTR && !of(editor).interrupted()) continue;
        return -1;
      }
      const std::size_t length = std::mbrtowc(character, &byte, 1, &state);
      if (length == static_cast<std::size_t>(-2)) continue;  // more bytes of it are to come
      if (length != static_cast<std::size_t>(-1)) return 1;
      state = {};  // no character: leave the byte out
    }
  }

  static char* prompt_of(EditLine* editor) { return of(editor).prompt.data(); }
};

LineEditor::LineEditor(const std::filesystem::path& history, std::function<bool()> interrupted)
    : impl_(std::make_unique<Impl>()) {
  // Models speak UTF-8 whatever the locale says, so a person must be able to type it.
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");

  impl_->file = history;
  impl_->interrupted = std::move(interrupted);
  impl_->history = history_init();
  HistEvent event = {};
  ::history(impl_->history, &event, H_SETSIZE, history_lines);
  ::history(impl_->history, &event, H_SETUNIQUE, 1);
  if (!impl_->file.empty()) ::history(impl_->history, &event, H_LOAD, impl_->file.c_str());

  impl_->editor = el_init("espalier", stdin, stdout, stderr);
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::prompt_of);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_HIST, ::history, impl_->history);
  el_set(impl_->editor, EL_GETCFN, &Impl::read_character);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(impl_->editor, nullptr);  // ~/.editrc
}

LineEditor::~LineEditor() {
  el_end(impl_->editor);
  history_end(impl_->history);
}

std::optional<std::string> LineEditor::read_line(const std::string& prompt) {
  impl_->prompt = prompt;
  int count = 0;
  const char* line = el_gets(impl_->editor, &count);
  if (line == nullptr || count <= 0) return std::nullopt;
  std::string text(line);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

void LineEditor::remember(const std::string& line) {
  HistEvent event = {};
  history(impl_->history, &event, H_ENTER, line.c_str());
  // At once: a conversation may end in any way.
  if (!impl_->file.empty()) history(impl_->history, &event, H_SAVE, impl_->file.c_str());
}

std::filesystem::path history_file() {
  const auto from = [](const char* variable) -> std::filesystem::path {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
  };
  std::filesystem::path state = from("XDG_STATE_HOME");
  if (!state.is_absolute()) {
    if (from("HOME").empty()) return {};
    state = from("HOME") / ".local/state";
  }
  std::error_code error;
  std::filesystem::create_directories(state / "espalier", error);
  return error ? std::filesystem::path() : state / "espalier/history";
}

}  // namespace espalier::cli
