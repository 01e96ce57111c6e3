#include "espalier/language_model_executor.h"

namespace espalier {

// Here, so that each class has its virtual table in the library.
LanguageModelAnswer::~LanguageModelAnswer() = default;
LanguageModelExecutor::~LanguageModelExecutor() = default;
LanguageModel::~LanguageModel() = default;

}  // namespace espalier
