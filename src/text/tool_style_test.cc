#include "text/tool_style.h"

#include <gtest/gtest.h>

#include <string>

#include "espalier/error.h"
#include "text/chat_template.h"

namespace espalier::text {
namespace {

TEST(ToolStyle, EveryChatFormatHasOne) {
  for (const ChatStyle& style : known_chat_styles()) {
    const ToolStyle& tools = tool_style(style.name);
    EXPECT_EQ(tools.chat_format, style.name);
    EXPECT_FALSE(tools.trigger.empty());
    EXPECT_EQ(call_begin(tools, "f").find(tools.trigger), 0U);
  }
  EXPECT_THROW(tool_style("morse"), InvalidArgument);
}

TEST(ToolStyle, CallsAreWrittenAsTheFamilyWasTaught) {
  const std::string tagged =
      "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\":1}}\n</tool_call>";
  EXPECT_EQ(call_text(tool_style("chatml"), "f", R"({"a":1})"), tagged);
  EXPECT_EQ(call_text(tool_style("qwen"), "f", R"({"a":1})"), tagged);
  for (const char* bare : {"llama3", "gemma", "mistral"}) {
    EXPECT_EQ(call_text(tool_style(bare), "f", R"({"a":1})"),
              R"({"name": "f", "parameters": {"a":1}})");
  }
  EXPECT_EQ(call_begin(tool_style("llama3"), "a\"b"), R"({"name": "a\"b", "parameters": )");
}

TEST(ToolStyle, OutputsAreGivenAsTheFamilyWasTaught) {
  EXPECT_EQ(output_text(tool_style("chatml"), "rain", false),
            "<tool_response>\nrain\n</tool_response>");
  EXPECT_EQ(output_text(tool_style("llama3"), "rain", false), "\"rain\"");
  EXPECT_EQ(output_text(tool_style("llama3"), R"({"a":1})", true), R"({"a":1})");
  EXPECT_EQ(output_text(tool_style("gemma"), "rain", false), "The function returned:\nrain");
}

}  // namespace
}  // namespace espalier::text
