// The subcommands of `espalier`. Each call adds one to the program; parsing then runs the chosen
// one.
#pragma once

namespace CLI {
class App;
}

namespace espalier::cli {

void add_chat(CLI::App& program);
void add_respond(CLI::App& program);
void add_guide(CLI::App& program);
void add_info(CLI::App& program);
void add_tokenize(CLI::App& program);
void add_perplexity(CLI::App& program);
void add_bench(CLI::App& program);
void add_convert(CLI::App& program);
void add_model(CLI::App& program);

}  // namespace espalier::cli
