#include "framework/model_store.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "espalier/error.h"

namespace espalier::framework {
namespace {

namespace fs = std::filesystem;

constexpr const char* subfolder = "espalier/models";
constexpr const char* remedy = "run `espalier model install` to get the default one";

std::optional<fs::path> environment_path(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(value);
}

// Relative paths in XDG variables are to be ignored (XDG Base Directory Specification).
std::optional<fs::path> find_user_folder() {
  if (const auto data = environment_path("XDG_DATA_HOME"); data && data->is_absolute()) {
    return *data / subfolder;
  }
  if (const auto home = environment_path("HOME")) return *home / ".local/share" / subfolder;
  return std::nullopt;
}

// The file that this code was loaded from: the program, or libespalier.so.
fs::path own_file() {
  Dl_info info = {};
  std::error_code error;
  if (dladdr(reinterpret_cast<const void*>(&own_file), &info) != 0 && info.dli_fname != nullptr &&
      info.dli_fname[0] == '/') {
    fs::path real = fs::canonical(info.dli_fname, error);
    if (!error) return real;
  }
  // A program started by a relative name is listed by that name; the kernel knows better.
  return fs::read_symlink("/proc/self/exe", error);
}

// PREFIX/bin/espalier and PREFIX/lib/[MACHINE/]libespalier.so both have PREFIX/share near: an
// installation that was moved still finds its models.
std::vector<fs::path> prefix_folders() {
  std::vector<fs::path> folders;
  const fs::path beside = own_file().parent_path();
  for (const fs::path& prefix : {beside.parent_path(), beside.parent_path().parent_path()}) {
    if (!prefix.empty()) folders.push_back(prefix / "share" / subfolder);
  }
  folders.push_back(fs::path(ESPALIER_DATA_FOLDER) / subfolder);
  return folders;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::vector<StoredModel> models_in(const fs::path& folder) {
  std::vector<StoredModel> found;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& path = entries->path();
    if (path.extension() != ".gguf" || !is_file(path)) continue;
    std::error_code unreadable;
    const std::uintmax_t bytes = fs::file_size(path, unreadable);
    found.push_back({path, path.stem().string(), unreadable ? 0 : bytes});
  }
  std::sort(found.begin(), found.end(), [](const StoredModel& a, const StoredModel& b) {
    return std::pair(a.path.filename() != default_model_file, a.name) <
           std::pair(b.path.filename() != default_model_file, b.name);
  });
  return found;
}

bool is_model_folder(const fs::path& path) { return is_file(path / "config.json"); }

// A file or a model's folder of that path, else a stored model of that name.
fs::path find_named(const fs::path& wish, std::string_view origin) {
  if (is_file(wish) || is_model_folder(wish)) return wish;
  std::error_code error;
  if (fs::is_directory(wish, error)) {
    throw AssetsUnavailable(
        fmt::format("{}{}: that is a folder without a config.json; a GGUF file or a Hugging "
                    "Face folder is needed",
                    origin, wish.string()));
  }
  if (fs::exists(wish, error)) {
    throw AssetsUnavailable(fmt::format(
        "{}{}: that is no file that can be mapped (a pipe or a device?)", origin, wish.string()));
  }
  if (wish.has_parent_path()) {
    throw AssetsUnavailable(fmt::format("{}{}: no such file", origin, wish.string()));
  }
  std::string known;
  for (const StoredModel& model : stored_models()) {
    if (model.name == wish || model.path.filename() == wish) return model.path;
    known += (known.empty() ? "" : ", ") + model.name;
  }
  throw AssetsUnavailable(fmt::format(
      "{}{}: no such file, and no installed model of that name; {}", origin, wish.string(),
      known.empty() ? fmt::format("none is installed: {}", remedy) : "installed: " + known));
}

}  // namespace

fs::path user_model_folder() {
  if (const auto folder = find_user_folder()) return *folder;
  throw AssetsUnavailable("no place for models: neither XDG_DATA_HOME nor HOME is set");
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const auto folder = find_user_folder()) folders.push_back(*folder);
  for (const fs::path& folder : prefix_folders()) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(folder);
    }
  }
  return folders;
}

std::vector<StoredModel> stored_models() {
  std::vector<StoredModel> found;
  for (const fs::path& folder : model_folders()) {
    for (StoredModel& model : models_in(folder)) found.push_back(std::move(model));
  }
  return found;
}

fs::path find_model(const fs::path& wish) {
  if (!wish.empty()) return find_named(wish, "");
  if (const auto named = environment_path("ESPALIER_MODEL")) {
    return find_named(*named, "ESPALIER_MODEL=");
  }
  const std::vector<StoredModel> models = stored_models();
  if (!models.empty()) return models.front().path;
  std::string searched;
  for (const fs::path& folder : model_folders()) {
    searched += (searched.empty() ? "" : ", ") + folder.string();
  }
  throw AssetsUnavailable(
      fmt::format("no model found: ESPALIER_MODEL is not set and none is installed in {}: {}",
                  searched, remedy));
}

}  // namespace espalier::framework
