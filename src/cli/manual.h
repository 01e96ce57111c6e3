// Help as a page of the manual: NAME, SYNOPSIS, DESCRIPTION, options by group, EXAMPLES.
//
// An App's description() is its line under NAME, an empty line, and its DESCRIPTION; its footer()
// is what stands under EXAMPLES.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace espalier::cli {

class Manual : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace espalier::cli
