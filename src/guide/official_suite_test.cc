// The official JSON Schema test suite, draft 2020-12: every group is right or refused by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "espalier/error.h"
#include "guide/case_check.h"
#include "guide/guide_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;

const std::filesystem::path suite = "../shared/data/json-schema/test-suite/draft2020-12";

struct Tally {
  std::size_t right = 0;
  std::size_t refused = 0;
  std::vector<std::string> valid_rejected;
  std::vector<std::string> invalid_accepted;

  std::size_t wrong() const { return valid_rejected.size() + invalid_accepted.size(); }
};

void judge(const std::string& file, base::JsonValue group, const SchemaOptions& options,
           Tally& tally) {
  std::shared_ptr<const Guide> guide;
  bool nothing_fits = false;
  try {
    guide = Guide::of_schema(group.get("schema"), options);
  } catch (const UnsupportedGuide&) {
    ++tally.refused;
    return;
  } catch (const InvalidSchema&) {
    nothing_fits = true;  // right where no test is valid
  }
  const std::size_t before = tally.wrong();
  for (const base::JsonValue test : group.get("tests").elements()) {
    const bool valid = test.get_bool("valid");
    bool fits = false;
    if (!nothing_fits) {
      const bool compact = accepts(guide, spell(test.get("data"), Spelling::compact));
      fits = accepts(guide, spell(test.get("data"), Spelling::spaced));
      if (fits != compact) fits = !valid;
    }
    if (fits == valid) continue;
    (valid ? tally.valid_rejected : tally.invalid_accepted)
        .push_back(file + ": " + std::string(group.get_string("description")) + ": " +
                   std::string(test.get_string("description")));
  }
  if (tally.wrong() == before) ++tally.right;
}

Tally judge_folder(const std::filesystem::path& folder, const SchemaOptions& options) {
  Tally tally;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const auto document = base::JsonDocument::open(entry.path());
    for (const base::JsonValue group : document.root().elements()) {
      judge(entry.path().filename().string(), group, options, tally);
    }
  }
  return tally;
}

void report(const Tally& tally) {
  std::cout << tally.right << " groups right, " << tally.refused << " refused by name\n";
  for (const std::string& test : tally.valid_rejected) {
    std::cout << "  valid, rejected: " << test << "\n";
  }
  for (const std::string& test : tally.invalid_accepted) {
    std::cout << "  invalid, accepted: " << test << "\n";
  }
}

TEST(OfficialSuite, RequiredGroupsAreRightOrRefused) {
  if (!std::filesystem::exists(suite))
    GTEST_SKIP() << "needs the official JSON Schema suite, and there is no " << suite;
  const Tally tally = judge_folder(suite, {.format = FormatPolicy::annotate});
  report(tally);
  EXPECT_EQ(tally.wrong(), 0U);
  EXPECT_GE(tally.right, 355U);
}

// What the README's policy leaves out.
bool left_out_by_policy(const std::string& test) {
  return test.starts_with("hostname.json: validation of A-label (punycode) host names: ") ||
         test.find("leap second") != std::string::npos;
}

TEST(OfficialSuite, FormatsAreRightOrRefusedOrLeftOutByPolicy) {
  if (!std::filesystem::exists(suite))
    GTEST_SKIP() << "needs the official JSON Schema suite, and there is no " << suite;
  Tally tally = judge_folder(suite / "optional" / "format", {});
  report(tally);
  std::erase_if(tally.valid_rejected, left_out_by_policy);
  EXPECT_EQ(tally.wrong(), 0U);
}

}  // namespace
}  // namespace espalier::guide
