#include "tensor/byte_cursor.h"

#include <fmt/format.h>

#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {

std::string Subject::text() const {
  return kind.empty() ? fmt::format("the {}", part)
                      : fmt::format("the {} of {} {}", part, kind, quoted(name));
}

void ByteCursor::fail(std::string_view problem) const {
  throw InvalidFile(fmt::format("{}: {}", file_, problem));
}

void ByteCursor::fail_short(std::uint64_t count, const Subject& subject) const {
  fail(
      fmt::format("{} at byte {} needs {} bytes but the file ends at byte {} (truncated download?)",
                  subject.text(), grouped(position_), grouped(count), grouped(size())));
}

}  // namespace espalier::tensor
