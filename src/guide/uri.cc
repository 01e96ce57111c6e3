#include "guide/uri.h"

#include <cctype>

namespace espalier::guide {
namespace {

struct Pieces {
  std::string_view scheme;     // with its colon
  std::string_view authority;  // with its slashes
  std::string_view path;
  std::string_view query;  // with its question mark
};

Pieces pieces(std::string_view uri) {
  Pieces result;
  const std::size_t colon = uri.find_first_of(":/?");
  if (colon != std::string_view::npos && colon > 0 && uri[colon] == ':') {
    result.scheme = uri.substr(0, colon + 1);
    uri.remove_prefix(colon + 1);
  }
  if (uri.starts_with("//")) {
    const std::size_t end = std::min(uri.find_first_of("/?", 2), uri.size());
    result.authority = uri.substr(0, end);
    uri.remove_prefix(end);
  }
  const std::size_t mark = std::min(uri.find('?'), uri.size());
  result.path = uri.substr(0, mark);
  result.query = uri.substr(mark);
  return result;
}

std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    if (path.starts_with("../") || path.starts_with("./")) {
      path.remove_prefix(path.find('/') + 1);
    } else if (path.starts_with("/./") || path == "/.") {
      path = path == "/." ? "/" : path.substr(2);
    } else if (path.starts_with("/../") || path == "/..") {
      path = path == "/.." ? "/" : path.substr(3);
      const std::size_t slash = result.rfind('/');
      result.erase(slash == std::string::npos ? 0 : slash);
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      result += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return result;
}

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hexadecimal(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

UriParts split_fragment(std::string_view uri) {
  const std::size_t mark = uri.find('#');
  if (mark == std::string_view::npos) return {std::string(uri), "", false};
  return {std::string(uri.substr(0, mark)), percent_decoded(uri.substr(mark + 1)), true};
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const std::size_t mark = std::min(reference.find('#'), reference.size());
  const std::string fragment(reference.substr(mark));
  reference = reference.substr(0, mark);
  if (reference.empty()) return std::string(base) + fragment;
  const Pieces to = pieces(reference);
  if (!to.scheme.empty()) {
    if (!to.path.starts_with('/')) return std::string(reference) + fragment;  // urn:…
    return std::string(to.scheme) + std::string(to.authority) + without_dots(to.path) +
           std::string(to.query) + fragment;
  }
  const Pieces from = pieces(base);
  std::string result(from.scheme);
  if (!to.authority.empty()) {
    result += std::string(to.authority) + without_dots(to.path);
  } else if (to.path.empty()) {
    result += std::string(from.authority) + std::string(from.path);
    result += to.query.empty() ? from.query : to.query;
    return result + fragment;
  } else if (to.path.starts_with('/')) {
    result += std::string(from.authority) + without_dots(to.path);
  } else {
    const std::size_t slash = from.path.rfind('/');
    std::string merged;
    if (!from.authority.empty() && from.path.empty()) {
      merged = "/";
    } else if (slash != std::string_view::npos) {
      merged = from.path.substr(0, slash + 1);
    }
    result += std::string(from.authority) + without_dots(merged + std::string(to.path));
  }
  return result + std::string(to.query) + fragment;
}

}  // namespace espalier::guide
