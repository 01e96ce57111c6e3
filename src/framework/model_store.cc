#include "framework/model_store.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <tuple>
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

bool is_model_folder(const fs::path& path) { return is_file(path / "config.json"); }

// The entries of a folder; none where it cannot be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    found.push_back(entries->path());
  }
  return found;
}

std::uintmax_t bytes_of(const fs::path& file) {
  std::error_code unreadable;
  const std::uintmax_t bytes = fs::file_size(file, unreadable);
  return unreadable ? 0 : bytes;
}

std::uintmax_t weight_bytes(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  for (const fs::path& path : entries_of(folder)) {
    if (path.extension() == ".safetensors") bytes += bytes_of(path);
  }
  return bytes;
}

std::vector<StoredModel> models_in(const fs::path& folder) {
  std::vector<StoredModel> found;
  for (const fs::path& path : entries_of(folder)) {
    if (path.filename().native().starts_with('.')) continue;  // somebody's unfinished work
    if (is_model_folder(path)) {
      found.push_back({path, path.filename().string(), ModelKind::folder, weight_bytes(path)});
    } else if (path.extension() == ".gguf" && is_file(path)) {
      found.push_back({path, path.stem().string(), ModelKind::gguf_file, bytes_of(path)});
    }
  }
  std::ranges::sort(found, {}, [](const StoredModel& model) {
    return std::tuple(model.path.filename() != default_model_file, model.name, model.kind);
  });
  return found;
}

bool is_called(const StoredModel& model, const fs::path& wish) {
  if (!wish.has_filename()) {  // "NAME/"
    return model.kind == ModelKind::folder && model.name == wish.parent_path();
  }
  return model.name == wish || model.path.filename() == wish;
}

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
  if (wish.has_filename() ? wish.has_parent_path() : wish.parent_path().has_parent_path()) {
    throw AssetsUnavailable(fmt::format("{}{}: no such file", origin, wish.string()));
  }
  std::string known;
  for (const StoredModel& model : stored_models()) {
    if (is_called(model, wish)) return model.path;
    known += (known.empty() ? "" : ", ") + model.name;
  }
  throw AssetsUnavailable(fmt::format(
      "{}{}: no such file, and no installed model of that name; {}", origin, wish.string(),
      known.empty() ? fmt::format("none is installed: {}", remedy) : "installed: " + known));
}

}  // namespace

const char* name(ModelKind kind) noexcept {
  return kind == ModelKind::folder ? "folder" : "GGUF file";
}

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
