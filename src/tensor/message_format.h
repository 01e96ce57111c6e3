// How error messages about files spell numbers and names: base's words, under this room's name.
#pragma once

#include "base/message_format.h"

namespace espalier::tensor {

using base::grouped;
using base::printable;
using base::quoted;

}  // namespace espalier::tensor
