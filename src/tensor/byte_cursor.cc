#include "tensor/byte_cursor.h"

#include <fmt/format.h>

#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {

std::string Subject::text() const {
  std::string text = fmt::format("the {}", part);
  if (!kind.empty()) text += fmt::format(" of {}", kind);
  if (!name.empty()) text += fmt::format(" {}", quoted(name));
  return text;
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
