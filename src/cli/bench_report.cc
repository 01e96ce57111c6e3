#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

namespace espalier::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.2f}", value.get<double>());
  return value.dump();
}

void write_profile(std::string& text, std::string_view phase, const Json& ops) {
  fmt::format_to(std::back_inserter(text), "\n{:<16}{:>10}{:>8}{:>9}{:>9}\n", phase, "ms a pass",
                 "share", "GOPS", "GB/s");
  for (const Json& op : ops) {
    fmt::format_to(std::back_inserter(text), "  {:<14}{:>10.3f}{:>7.1f}%",
                   op["op"].get<std::string>(), op["ms"].get<double>(),
                   100 * op["share"].get<double>());
    if (op.contains("gops")) {
      fmt::format_to(std::back_inserter(text), "{:>9.1f}{:>9.2f}", op["gops"].get<double>(),
                     op["weight_gb_s"].get<double>());
    }
    text += '\n';
  }
}

}  // namespace

Json report(const model::Profile& profile, std::size_t passes) {
  double total = 0;
  for (std::size_t i = 0; i < model::op_count; ++i) {
    total += profile.of(static_cast<model::Op>(i)).seconds;
  }
  std::vector<Json> ops;
  for (std::size_t i = 0; i < model::op_count; ++i) {
    const auto op = static_cast<model::Op>(i);
    const model::OpCost& cost = profile.of(op);
    if (cost.calls == 0) continue;
    Json entry = {{"op", std::string(name(op))},
                  {"ms", cost.seconds * 1e3 / static_cast<double>(passes)},
                  {"share", cost.seconds / total}};
    if (cost.operations > 0) {
      entry["gops"] = cost.operations / cost.seconds / 1e9;
      entry["weight_gb_s"] = cost.weight_bytes / cost.seconds / 1e9;
    }
    ops.push_back(std::move(entry));
  }
  std::sort(ops.begin(), ops.end(), [](const Json& a, const Json& b) {
    return a["ms"].get<double>() > b["ms"].get<double>();
  });
  return ops;
}

std::string bench_for_people(const Json& figures) {
  std::string text;
  for (const auto& [key, value] : figures.items()) {
    if (value.is_array() || key == "profile") continue;
    if (value.is_object()) {
      for (const auto& [inner, number] : value.items()) {
        text += fmt::format("{:<23} {}\n", key + " " + inner, as_text(number));
      }
    } else {
      text += fmt::format("{:<23} {}\n", key, as_text(value));
    }
  }
  for (const char* list : {"contexts", "batches"}) {
    if (!figures.contains(list)) continue;
    text +=
        fmt::format("\n{:>10}{:>16}\n",
                    list == std::string_view("contexts") ? "context" : "sequences", "decode_tok_s");
    for (const Json& row : figures[list]) {
      text += fmt::format("{:>10}{:>16.1f}\n", row.begin()->get<std::size_t>(),
                          row["decode_tok_s"].get<double>());
    }
  }
  if (figures.contains("profile")) {
    for (const auto& [phase, ops] : figures["profile"].items()) write_profile(text, phase, ops);
  }
  return text;
}

}  // namespace espalier::cli
