// Where two configurations compute different things: for writers, to see that a reader will
// understand what they wrote.
#pragma once

#include <optional>
#include <string>

#include "model/config.h"

namespace espalier::model {

// "the window of layer 3 is 100, not 0": the first difference of `is` from `not_`, or nothing.
// Family, name and licence do not count. Numbers may differ by one part in a million: files spell
// some of them in another form.
std::optional<std::string> first_difference(const ModelConfig& is, const ModelConfig& not_);

}  // namespace espalier::model
