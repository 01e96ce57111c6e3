// Espalier: a language model that runs on your own machine.
//
//   #include <espalier/espalier.h>
//   #include <iostream>
//
//   int main() {
//     espalier::LanguageModelSession session("You answer in one short sentence.");
//     std::cout << session.respond("What is the capital of France?").content << "\n";
//     for (const auto& snapshot : session.stream_response("What do people eat there?")) {
//       std::cout << "\r" << snapshot.content << std::flush;
//     }
//   }
//
// Build it with find_package(espalier) and target_link_libraries(… espalier::espalier), or with
// `pkg-config --cflags --libs espalier`. `espalier model install` puts the default model in place.
#pragma once

#include "espalier/condense.h"                 // IWYU pragma: export
#include "espalier/content_tagging.h"          // IWYU pragma: export
#include "espalier/error.h"                    // IWYU pragma: export
#include "espalier/feedback.h"                 // IWYU pragma: export
#include "espalier/generable.h"                // IWYU pragma: export
#include "espalier/generated_content.h"        // IWYU pragma: export
#include "espalier/generation_guide.h"         // IWYU pragma: export
#include "espalier/generation_options.h"       // IWYU pragma: export
#include "espalier/generation_schema.h"        // IWYU pragma: export
#include "espalier/guardrails.h"               // IWYU pragma: export
#include "espalier/language_model.h"           // IWYU pragma: export
#include "espalier/language_model_executor.h"  // IWYU pragma: export
#include "espalier/prompt.h"                   // IWYU pragma: export
#include "espalier/response.h"                 // IWYU pragma: export
#include "espalier/scripted_language_model.h"  // IWYU pragma: export
#include "espalier/session.h"                  // IWYU pragma: export
#include "espalier/tool.h"                     // IWYU pragma: export
#include "espalier/transcript.h"               // IWYU pragma: export
#include "espalier/version.h"                  // IWYU pragma: export
