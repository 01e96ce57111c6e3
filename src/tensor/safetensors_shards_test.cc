#include "tensor/safetensors_shards.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "espalier/error.h"
#include "tensor/safetensors_index.h"

namespace espalier::tensor {
namespace {

std::vector<SafetensorsEntry> of_sizes(const std::vector<std::size_t>& elements) {
  std::vector<SafetensorsEntry> entries;
  for (const std::size_t count : elements) {
    entries.push_back(
        {"t" + std::to_string(entries.size()), find_safetensors_type(DType::f16), {count}});
  }
  return entries;
}

TEST(SafetensorsShards, WhatFitsIsOneFile) {
  const auto shards = plan_shards(of_sizes({10, 20, 30}), 120);
  ASSERT_EQ(shards.size(), 1U);
  EXPECT_EQ(shards[0].file, "model.safetensors");
  EXPECT_EQ(data_bytes(shards[0]), 120U);
}

TEST(SafetensorsShards, FilesAreFilledInOrderAndALargeTensorIsAlone) {
  const auto shards = plan_shards(of_sizes({10, 50, 100, 10, 48, 1}), 119);
  ASSERT_EQ(shards.size(), 4U);
  EXPECT_EQ(shards[0].file, "model-00001-of-00004.safetensors");
  EXPECT_EQ(shards[1].entries.front().name, "t1");
  EXPECT_EQ(shards[2].entries.front().name, "t2");
  EXPECT_EQ(data_bytes(shards[2]), 200U);
  EXPECT_EQ(shards[3].entries.size(), 3U);
}

TEST(SafetensorsShards, TheIndexIsOneThatTheReaderTakes) {
  const auto shards = plan_shards(of_sizes({10, 20, 30}), 60);
  const auto document = base::JsonDocument::parse("index", index_text(shards));
  EXPECT_EQ(document.root().get("metadata").get_size("total_size"), 120U);
  const SafetensorsIndex index = read_safetensors_index(document);
  ASSERT_EQ(index.files.size(), 2U);
  EXPECT_EQ(index.tensors[2].first, "t2");
  EXPECT_EQ(index.files[index.tensors[2].second], "model-00002-of-00002.safetensors");
}

TEST(SafetensorsShards, MoreThan64BitsIsNamed) {
  EXPECT_THROW(plan_shards(of_sizes({std::size_t{1} << 62}), 1), InvalidArgument);
}

}  // namespace
}  // namespace espalier::tensor
