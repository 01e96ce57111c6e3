// URI references (RFC 3986), as far as schemas use them: resolving one against a base.
#pragma once

#include <string>
#include <string_view>

namespace espalier::guide {

struct UriParts {
  std::string base;      // all in front of '#'
  std::string fragment;  // all behind it, percent escapes decoded
  bool has_fragment = false;
};

UriParts split_fragment(std::string_view uri);

// RFC 3986, section 5.2; `base` has no fragment and may be empty. The fragment is kept as it is.
std::string resolve_uri(std::string_view base, std::string_view reference);

}  // namespace espalier::guide
