// The executor behind UseCase::content_tagging: another one, told what tags are.
#pragma once

#include <memory>

#include "espalier/language_model_executor.h"

namespace espalier::framework {

std::unique_ptr<LanguageModelExecutor> tagging(std::unique_ptr<LanguageModelExecutor> executor);

}  // namespace espalier::framework
