// What `espalier bench` measured, as JSON and as text.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/profile.h"

namespace espalier::cli {

// A list of ops, the costliest first: milliseconds a pass, share of the whole, GOPS and GB/s of
// weights where the op multiplies matrices.
nlohmann::ordered_json report(const model::Profile& profile, std::size_t passes);

// The document that `espalier bench --json` prints, in columns.
std::string bench_for_people(const nlohmann::ordered_json& figures);

}  // namespace espalier::cli
