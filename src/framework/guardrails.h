// The executor that checks what goes into another one and what comes out of it.
#pragma once

#include <memory>

#include "espalier/guardrails.h"
#include "espalier/language_model_executor.h"

namespace espalier::framework {

std::unique_ptr<LanguageModelExecutor> guarded(std::unique_ptr<LanguageModelExecutor> executor,
                                               std::shared_ptr<const ContentClassifier> classifier,
                                               Guardrails guardrails);

}  // namespace espalier::framework
