// Reads a JSON document byte by byte against a plan.
//
// The promise that makes every mask non-empty: a configuration that step() gives can be continued
// to the end of some document that the plan allows. So nothing is begun that cannot be ended.
#pragma once

#include <array>
#include <string_view>

#include "guide/byte_set.h"
#include "guide/configuration.h"
#include "guide/guide_options.h"

namespace espalier::guide {

// In the order of LiteralSet's bits.
inline constexpr std::array<std::string_view, 3> json_words = {"null", "false", "true"};

class JsonMachine {
 public:
  JsonMachine(const Plan& plan, Automaton& automaton, const SchemaOptions& options)
      : plan_(plan),
        automaton_(automaton),
        blanks_(options.white_space == WhiteSpace::none ? 0 : options.blanks),
        writing_(options.writing) {}

  Configuration start() const;

  // Adds to `next` where `byte` leads.
  void step(const Configuration& at, std::uint8_t byte, Configurations& next);

  // The bytes that may come, and some that may not: step() adds nothing for others.
  ByteSet following(const Configuration& at) const;

  // Blanks may come, so many and more, and leave all else as it is.
  bool takes_blanks(const Configuration& at, std::uint32_t count) const;

  // Whether nothing but the automaton's state decides what may come before the end of the string or
  // key that `at` is in, for so many characters.
  bool in_free_text(const Configuration& at, std::uint32_t characters) const {
    return at.in_text() && (!at.few || !may_run_out(at, characters));
  }

  static constexpr ByteSet in_number = ByteSet("0123456789+-.Ee");

  // Where `at`, inside a number, is behind it, if that may end here.
  Configurations behind_number(const Configuration& at) const;

  // Of `at` in a free text, what its end leads to whatever the text was, or where it was none that
  // must not be there twice.
  Configurations behind_text(const Configuration& at) const;

  // Visits the ends of such texts that must not be there twice, or that are keys with a rule of
  // their own: in front of them is what has been read.
  template <class Visit>
  void barred_ends(const Configuration& at, const Visit& visit) const {
    if (ends_alike(at)) return;
    if (at.place == Place::key) {
      const std::vector<NamePlan>& names = plan_.objects[at.frame->plan].names;
      for (std::uint32_t i = at.first; i < at.last; ++i) {
        visit(std::u32string_view(names[i].text).substr(at.depth));
      }
    }
    if (!at.frame->others) return;
    const std::u32string begin = at.text.text();
    for (const SeenKey* seen = at.frame->others.get(); seen; seen = seen->before.get()) {
      if (!seen->text.starts_with(begin)) continue;
      visit(std::u32string_view(seen->text).substr(begin.size()));
    }
  }

  // Whether what is behind the text does not depend on what it is.
  static bool ends_alike(const Configuration& at) { return at.place == Place::string && !at.text; }

  bool complete(const Configuration& at) const;

  // Open objects: a new one; whether a key of the plan may come; the object with it; whether there
  // is room for a member of a region that makes the choice's witnesses true.
  std::shared_ptr<Frame> new_object(std::uint32_t plan, FramePtr outer) const;
  bool name_free(const Frame& frame, std::uint32_t name) const;
  std::shared_ptr<Frame> with_name(const Frame& frame, std::uint32_t name) const;
  bool room_for(const Frame& frame, const MemberChoice& choice) const;

 private:
  void begin_value(Configuration at, std::uint8_t byte, Configurations& next);
  Configurations items(const Configuration& at) const;
  bool can_close_array(const Frame& frame) const;
  void open_objects(const Configuration& at, const NodePlan& node, Configurations& next);
  void open_arrays(const Configuration& at, const NodePlan& node, Configurations& next);
  void end_value(Configuration at, Configurations& next) const;
  void end_scalar(const Configuration& at, Configurations& next) const;
  void close(const Configuration& at, Configurations& next) const;
  void step_literal(const Configuration& at, std::uint8_t byte, Configurations& next);
  void step_number(const Configuration& at, std::uint8_t byte, Configurations& next);
  void step_string(Configuration at, std::uint8_t byte, Configurations& next);
  void step_behind_value(const Configuration& at, std::uint8_t byte, Configurations& next);

  // unique_items.cc:
  bool is_unique(const Configuration& at) const;
  void begin_unique(Configuration at, std::uint8_t byte, Configurations& next);
  bool text_alive(const Configuration& at);
  bool text_alive_through(const Configuration& at, char32_t first, char32_t last);
  bool is_new(const Configuration& at) const;
  void end_unique(const Configuration& at, Configurations& next) const;
  void add_unique(const Configuration& at, std::u32string text, Configurations& next) const;
  void grow(Configuration& at, char32_t character);

  // member_keys.cc:
  void begin_key(const Configuration& at, Configurations& next);
  void step_key(Configuration at, std::uint8_t byte, Configurations& next);
  ByteSet following_key(const Configuration& at) const;
  void end_key(const Configuration& at, Configurations& next) const;
  void end_other_key(const Configuration& at, const std::shared_ptr<const SeenKey>& others,
                     Configurations& next) const;
  void narrow(Configuration& at, char32_t character) const;
  bool key_alive(const Configuration& at);
  bool key_alive_through(const Configuration& at, char32_t first, char32_t last);
  bool in_order(const Frame& frame, std::uint32_t rank) const;
  bool room_for_other(const Frame& frame, std::uint32_t region) const;
  bool others_left(const Configuration& at);
  bool may_run_out(const Configuration& at, std::uint32_t characters) const;
  std::uint32_t missing_with(const Frame& frame, std::uint32_t name) const;
  bool can_close_object(const Frame& frame) const;

  const Plan& plan_;
  Automaton& automaton_;
  std::uint32_t blanks_;
  Writing writing_;
};

}  // namespace espalier::guide
