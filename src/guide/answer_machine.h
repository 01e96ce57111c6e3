// Reads an answer byte by byte: text that an automaton allows, in which a symbol of the automaton
// may stand for a whole JSON document (TermPool::document).
//
// A schema's answer is one document and no text; that of a regular expression or of choices is text
// alone; a grammar's has both. Where a document could end or could go on (a number), both are ways
// to read the answer. The promise is JsonMachine's: a configuration that step() gives can be
// continued to the end of some answer.
#pragma once

#include <vector>

#include "guide/json_machine.h"

namespace espalier::guide {

class AnswerMachine {
 public:
  // `texts` is what the answer's terms make, `values` what the documents' do. Both and the plans
  // must outlive this.
  AnswerMachine(Automaton& texts, StateId start, Automaton& values,
                const std::vector<Plan>& documents, const SchemaOptions& options);

  Configuration start() const { return text_at(start_); }

  // Adds to `next` where `byte` leads.
  void step(const Configuration& at, std::uint8_t byte, Configurations& next);

  // The documents that may begin where this state of text has been read.
  Configurations documents_at(StateId state) const;

  // As JsonMachine's, of all places.
  ByteSet following(const Configuration& at) const;
  bool takes_blanks(const Configuration& at, std::uint32_t count) const {
    return at.place != Place::text && documents_[at.document].takes_blanks(at, count);
  }

  // As JsonMachine's, of places in documents.
  bool in_free_text(const Configuration& at, std::uint32_t characters) const {
    return at.place != Place::text && documents_[at.document].in_free_text(at, characters);
  }
  Configurations behind_text(const Configuration& at) const;
  template <class Visit>
  void barred_ends(const Configuration& at, const Visit& visit) const {
    documents_[at.document].barred_ends(at, visit);
  }
  // Nothing where the number is all of a document: text behind it is another way to read it.
  Configurations behind_number(const Configuration& at) const;

  bool complete(const Configuration& at) const {
    return at.in_raw_text() && texts_.accepts(at.state);
  }

 private:
  static Configuration text_at(StateId state);
  void step_text(const Configuration& at, std::uint8_t byte, Configurations& next);
  void step_document(const Configuration& at, std::uint8_t byte, Configurations& next);
  void settle(const Configuration& at, std::size_t first, Configurations& next) const;

  Automaton& texts_;
  StateId start_;
  std::vector<JsonMachine> documents_;
};

}  // namespace espalier::guide
