#include "espalier/tool.h"

namespace espalier {

// Here, so that the class has its virtual table in the library.
Tool::~Tool() = default;

}  // namespace espalier
