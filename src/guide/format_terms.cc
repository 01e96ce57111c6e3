#include "guide/format_terms.h"

#include <algorithm>
#include <map>
#include <string>

#include "guide/pattern.h"

namespace espalier::guide {
namespace {

// Pieces of RFC 3339 (date and time), RFC 3986 (URI), RFC 3987 (IRI), RFC 4291 (IPv6) and RFC 6570
// (URI templates), as ECMA-262 patterns.

const std::string leap_year =
    R"((?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00))";
const std::string date = R"((?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|)"
                         R"((?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|)" +
                         leap_year + "-02-29)";
// A leap second is the last of a day in UTC; it is known here by an offset of zero only.
const std::string time_of_day = R"((?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?)"
                                R"((?:[Zz]|[+\-](?:[01]\d|2[0-3]):[0-5]\d)|)"
                                R"(23:59:60(?:\.\d+)?(?:[Zz]|[+\-]00:00)))";

const std::string octet = R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))";
const std::string ipv4 = octet + R"((?:\.)" + octet + "){3}";
const std::string h16 = "[0-9A-Fa-f]{1,4}";
const std::string ls32 = "(?:" + h16 + ":" + h16 + "|" + ipv4 + ")";

// RFC 3986, section 3.2.2: one alternative for each place of the "::".
std::string ipv6_pattern() {
  std::string all = "(?:(?:" + h16 + ":){6}" + ls32;
  for (int groups = 5; groups >= 0; --groups) {  // behind the "::", in front of the last 32 bits
    const int before = 5 - groups;
    all += "|";
    if (before > 0) {
      all += "(?:(?:" + h16 + ":){0," + std::to_string(before - 1) + "}" + h16 + ")?";
    }
    all += "::(?:" + h16 + ":){" + std::to_string(groups) + "}" + ls32;
  }
  all += "|(?:(?:" + h16 + ":){0,5}" + h16 + ")?::" + h16;
  all += "|(?:(?:" + h16 + ":){0,6}" + h16 + ")?::";
  return all + ")";
}
const std::string ipv6 = ipv6_pattern();

// RFC 1123's labels without those that begin like "xn--": whether what follows is Punycode of an
// allowed name is not for automata.
const std::string label = "(?:AA?|AHH?A|AH(?:AH|HA)H{0,58}A)";
std::string hostname_pattern() {
  std::string one;
  for (const char c : label) {
    one += c == 'A' ? "[A-Za-z0-9]" : c == 'H' ? "[A-Za-z0-9\\-]" : std::string(1, c);
  }
  return "(?=[^]{1,253}$)" + one + "(?:\\." + one + ")*";
}
const std::string host_label = R"([A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)";

const std::string percent = "%[0-9A-Fa-f]{2}";
const std::string sub_delims = "!$&'()*+,;=";

// RFC 3987, section 2.2: what IRIs have beyond URIs.
const std::string other_planes = [] {
  std::string ranges;
  for (const char plane : std::string("123456789abcd")) {
    ranges += std::string("\\u{") + plane + "0000}-\\u{" + plane + "fffd}";
  }
  return ranges + R"(\u{e1000}-\u{efffd})";
}();
const std::string ucschar = R"(\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef)" + other_planes;
const std::string iprivate = R"(\ue000-\uf8ff\u{f0000}-\u{ffffd}\u{100000}-\u{10fffd})";

// References of RFC 3986, or RFC 3987 with its further characters.
struct References {
  explicit References(const std::string& further, const std::string& further_in_query) {
    const std::string unreserved = R"([A-Za-z0-9\-._~)" + sub_delims + further + "]";
    const std::string path_character = "(?:" + unreserved + "|[:@]|" + percent + ")";
    const std::string future = R"([vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~:)" + sub_delims + "]+";
    const std::string authority = "(?:(?:" + unreserved + "|:|" + percent + R"()*@)?(?:\[(?:)" +
                                  ipv6 + "|" + future + R"()\]|(?:)" + unreserved + "|" + percent +
                                  R"()*)(?::\d*)?)";
    const std::string segments = "(?:/" + path_character + "*)*";
    const std::string absolute_path = "/(?:" + path_character + "+" + segments + ")?";
    const std::string query_and_fragment = R"((?:\?(?:)" + path_character + "|[/?" +
                                           further_in_query + R"(])*)?(?:#(?:)" + path_character +
                                           "|[/?])*)?";
    absolute = R"([A-Za-z][A-Za-z0-9+.\-]*:(?://)" + authority + segments + "|" + absolute_path +
               "|" + path_character + "+" + segments + "|)" + query_and_fragment;
    const std::string relative = "(?://" + authority + segments + "|" + absolute_path +
                                 "|(?:" + unreserved + "|@|" + percent + ")+" + segments + "|)" +
                                 query_and_fragment;
    any = "(?:" + absolute + "|" + relative + ")";
  }

  std::string absolute;
  std::string any;
};
const References uris("", "");
const References iris(ucschar, iprivate);

// RFC 6570, section 2, with erratum 6937 (an apostrophe is a literal).
const std::string literal = R"((?:[!#$&-;=?-\[\]_a-z~)" + ucschar + iprivate + "]|" + percent + ")";
const std::string variable_character = "(?:[A-Za-z0-9_]|" + percent + ")";
const std::string variable =
    variable_character + R"((?:\.?)" + variable_character + R"()*(?::[1-9]\d{0,3}|\*)?)";
const std::string uri_template =
    "(?:" + literal + R"(|\{[+#./;?&]?)" + variable + "(?:," + variable + R"()*\})*)";

const std::string atom = R"([A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)";
const std::string email = "(?:" + atom + R"((?:\.)" + atom +
                          R"()*|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*")@(?:)" +
                          host_label + R"((?:\.)" + host_label + R"()*|\[(?:)" + ipv4 +
                          "|IPv6:" + ipv6 + R"()\]))";

const std::string duration =
    R"(P(?:\d+W|(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|)"
    R"(\d+M(?:\d+S)?|\d+S))?|T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)))";

const std::string json_pointer = "(?:/(?:[^~/]|~[01])*)*";

const std::map<std::string_view, std::string>& patterns() {
  static const std::map<std::string_view, std::string> all = {
      {"date", date},
      {"time", time_of_day},
      {"date-time", date + "[Tt]" + time_of_day},
      {"duration", duration},
      {"email", email},
      {"hostname", hostname_pattern()},
      {"ipv4", ipv4},
      {"ipv6", ipv6},
      {"uri", uris.absolute},
      {"uri-reference", uris.any},
      {"iri", iris.absolute},
      {"iri-reference", iris.any},
      {"uri-template", uri_template},
      {"uuid", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"},
      {"json-pointer", json_pointer},
      {"relative-json-pointer", R"((?:0|[1-9]\d*)(?:#|)" + json_pointer + ")"},
  };
  return all;
}

constexpr std::string_view unsupported[] = {"idn-email", "idn-hostname", "regex"};

}  // namespace

FormatStanding format_standing(std::string_view format) {
  if (patterns().contains(format)) return FormatStanding::asserted;
  const bool named = std::ranges::find(unsupported, format) != std::end(unsupported);
  return named ? FormatStanding::unsupported : FormatStanding::unknown;
}

TermId format_term(TermPool& terms, std::string_view format) {
  constexpr GuideLimits own_patterns{.pattern_bytes = std::size_t{1} << 16};
  return pattern_term(terms, "^(?:" + patterns().at(format) + ")$", own_patterns);
}

TermId format_undecided(TermPool& terms, std::string_view format) {
  if (format == "hostname") return pattern_term(terms, R"(^(?:[A-Za-z0-9.\-]*\.)?..--)");
  if (format == "time" || format == "date-time") {
    return terms.both(pattern_term(terms, ":60(?:$|[^])"),
                      terms.negation(format_term(terms, format)));
  }
  // Operators that are kept for extensions.
  if (format == "uri-template") return pattern_term(terms, R"(\{[=,!@|])");
  return TermPool::nothing;
}

std::vector<std::string_view> asserted_formats() {
  std::vector<std::string_view> names;
  for (const auto& [name, pattern] : patterns()) names.push_back(name);
  return names;
}

std::vector<std::string_view> unsupported_formats() {
  return {std::begin(unsupported), std::end(unsupported)};
}

}  // namespace espalier::guide
