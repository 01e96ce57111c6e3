// The fuzzers' seeds, and whatever they have found before, as plain tests.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "guide/schema_exercise_testing.h"
#include "guide/token_stream_testing.h"

namespace espalier::guide {
namespace {

// Calls `exercise` with the bytes of each file of a folder; how many there were.
template <class Exercise>
int for_each_seed(const std::filesystem::path& corpus, Exercise exercise) {
  int files = 0;  // tests run in the repository's root
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    exercise(std::string(std::istreambuf_iterator<char>(file), {}));
    ++files;
  }
  return files;
}

TEST(SchemaCorpus, EverySchemaIsRefusedByNameOrItsMasksAreRight) {
  EXPECT_GE(for_each_seed("fuzz/corpus/schema", testing::exercise_schema), 30);
}

TEST(SchemaCorpus, MatchersKeepTheirPromisesInEveryStreamOfTokens) {
  const auto run = [](const std::string& bytes) {
    testing::TokenStream({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).run();
  };
  EXPECT_GE(for_each_seed("fuzz/corpus/token_stream", run), 32);
}

TEST(SchemaCorpus, AnyByteOfASchemaChangedIsRefusedOrFollowed) {
  const std::string schema =
      R"({"type":"object","properties":{"a":{"pattern":"^[a-c]{1,3}$"}},"required":["a"],)"
      R"("minProperties":1,"oneOf":[{"maxProperties":2},{"$ref":"#/$defs/t"}],"$defs":{"t":false}})";
  for (std::size_t at = 0; at < schema.size(); ++at) {
    testing::exercise_schema(schema.substr(0, at));
    for (const int change : {0x01, 0x04, 0x20}) {
      std::string broken = schema;
      broken[at] = static_cast<char>(broken[at] ^ change);
      testing::exercise_schema(broken);
    }
  }
}

}  // namespace
}  // namespace espalier::guide
