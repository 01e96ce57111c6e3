#include "cli/manual.h"

#include <cctype>
#include <string_view>
#include <vector>

namespace espalier::cli {
namespace {

constexpr std::size_t page_width = 79;

// Breaks every line of `text` between words; lines that begin with a space stay as they are.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool as_it_stands = line.starts_with(' ');
    while (!line.empty()) {
      std::size_t cut = line.size();
      if (!as_it_stands && indent + cut > page_width) {
        cut = line.rfind(' ', page_width - indent);
        if (cut == std::string_view::npos || cut == 0) cut = std::min(line.find(' '), line.size());
      }
      out += std::string(indent, ' ') + std::string(line.substr(0, cut)) + "\n";
      line.remove_prefix(std::min(cut + 1, line.size()));
    }
    if (end == 0) out += "\n";
  }
  return out;
}

std::string heading(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "\n" + text + "\n";
}

std::string summary(const CLI::App& app) {
  const std::string text = app.get_description();
  return text.substr(0, text.find('\n'));
}

std::string description(const CLI::App& app) {
  const std::string text = app.get_description();
  const std::size_t end = text.find("\n\n");
  return end == std::string::npos ? "" : text.substr(end + 2);
}

std::string spelled(const CLI::Option& option) {
  std::string text = option.get_positional() ? option.get_name(true) : option.get_name(false, true);
  if (!option.get_positional() && option.get_items_expected_max() > 0) {
    // CLI11 adds a colon and the words of the checks, which the description says better.
    const std::string type = option.get_type_name();
    text += " " + type.substr(0, type.find(':'));
  }
  return text;
}

}  // namespace

std::string Manual::make_help(const CLI::App* app, std::string /*name*/,
                              CLI::AppFormatMode /*mode*/) const {
  std::string path = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
    path.insert(0, up->get_name() + " ");
  }
  const auto commands =
      app->get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });

  std::string page = "NAME\n" + wrap(path + " - " + summary(*app), 4);
  std::string synopsis = path + (commands.empty() ? "" : " COMMAND") + " [OPTION]...";
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_required()) {
      synopsis += " " + spelled(*option);
    } else if (option->get_positional()) {
      synopsis += " [" + option->get_name(true) + "]";
    }
  }
  page += heading("Synopsis") + wrap(synopsis, 4);
  if (const std::string text = description(*app); !text.empty()) {
    page += heading("Description") + wrap(text, 4);
  }
  if (!commands.empty()) page += heading("Commands");
  for (const CLI::App* command : commands) {
    page += wrap(command->get_name(), 4) + wrap(summary(*command), 8);
  }
  for (const std::string& group : app->get_groups()) {
    if (group.empty()) continue;  // options for developers
    page += heading(group);
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_group() != group) continue;
      page += wrap(spelled(*option), 4) + wrap(option->get_description(), 8);
    }
  }
  if (!app->get_footer().empty()) page += heading("Examples") + wrap(app->get_footer(), 4);
  return page;
}

}  // namespace espalier::cli
