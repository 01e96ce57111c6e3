#include "text/unicode_normalisation.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace espalier::text {

bool can_normalise() noexcept { return true; }

void normalise(std::string_view text, NormalForm form, std::string& out) {
  constexpr unsigned nfc = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  const unsigned options = form == NormalForm::nfc ? nfc : nfc | UTF8PROC_COMPAT;
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &made,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
  if (size < 0) throw std::bad_alloc();  // the one fault that valid text can meet
  out.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
}

}  // namespace espalier::text
