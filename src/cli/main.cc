// espalier: a language model on your own machine, as a command.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/output.h"
#include "espalier/version.h"

namespace {

constexpr int failed = 1;
constexpr int asked_wrongly = 2;

constexpr const char* description = R"(a language model on your own machine

Runs instruction-tuned language models from GGUF files and Hugging Face folders, without a network and without Python. `espalier model install` fetches a small default model once; the other commands use it unless --model or ESPALIER_MODEL says otherwise.
Every command explains itself: espalier COMMAND --help.
It ends with status 0, with 1 where it failed (one line on standard error says why and what to do), with 2 where it was asked wrongly.)";

constexpr const char* examples = R"(espalier model install
espalier chat
espalier respond --prompt "Name three rivers."
espalier info
espalier perplexity --file book.txt --context 512)";

// CLI11's words are about options; which page helps is ours to add.
std::string usage_message(const CLI::App& program, const std::string& what) {
  std::string page = "espalier";
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    page += " " + at->get_name();
  }
  return what + " (see " + page + " --help)";
}

void fill(CLI::App& program) {
  program.name("espalier");
  program.description(description);
  program.footer(examples);
  program.formatter(std::make_shared<espalier::cli::Manual>());
  program.set_version_flag("--version", std::string("espalier ") + espalier::version(),
                           "Print the version.");
  program.set_help_flag("-h,--help", "Print this page.");
  espalier::cli::add_chat(program);
  espalier::cli::add_respond(program);
  espalier::cli::add_info(program);
  espalier::cli::add_model(program);
  espalier::cli::add_tokenize(program);
  espalier::cli::add_perplexity(program);
  espalier::cli::add_bench(program);
  espalier::cli::add_convert(program);
  espalier::cli::add_guide(program);
}

int run(int argc, char** argv) {
  CLI::App program;
  fill(program);
  try {
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) throw espalier::cli::UsageError("a command is needed");
  } catch (const CLI::CallForHelp&) {
    const CLI::App* at = &program;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    espalier::cli::print(at->help());
  } catch (const CLI::CallForVersion& version) {
    espalier::cli::print(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& fault) {
    espalier::cli::complain(usage_message(program, fault.what()));
    return asked_wrongly;
  } catch (const espalier::cli::UsageError& fault) {
    espalier::cli::complain(usage_message(program, fault.what()));
    return asked_wrongly;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that has gone is told by write(), which can be handled.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const espalier::cli::OutputClosed&) {
    return failed;
  } catch (const std::bad_alloc&) {
    espalier::cli::complain("not enough memory");
  } catch (const std::exception& fault) {
    espalier::cli::complain(fault.what());
  }
  return failed;
}
