#include "guide/configuration.h"

#include <algorithm>
#include <utility>

namespace espalier::guide {
namespace {

bool same(const std::shared_ptr<const SeenKey>& a, const std::shared_ptr<const SeenKey>& b) {
  const SeenKey* left = a.get();
  const SeenKey* right = b.get();
  while (left != right) {
    if (left == nullptr || right == nullptr || left->text != right->text) return false;
    left = left->before.get();
    right = right->before.get();
  }
  return true;
}

bool same(const FramePtr& a, const FramePtr& b) {
  const Frame* left = a.get();
  const Frame* right = b.get();
  while (left != right) {
    if (left == nullptr || right == nullptr) return false;
    if (left->is_object != right->is_object || left->plan != right->plan ||
        left->count != right->count || left->missing != right->missing ||
        left->witnesses != right->witnesses || left->rank != right->rank ||
        left->seen != right->seen || !same(left->others, right->others)) {
      return false;
    }
    left = left->outer.get();
    right = right->outer.get();
  }
  return true;
}

// Lets go of a chain from its first link on: the last owner of a link may take it apart.
template <class Link>
void let_go(std::shared_ptr<const Link> next, std::shared_ptr<const Link> Link::* behind) {
  while (next && next.use_count() == 1) next = std::move(const_cast<Link&>(*next).*behind);
}

}  // namespace

struct GrowingText::Character {
  Character(char32_t value_, std::shared_ptr<const Character> before_)
      : value(value_), before(std::move(before_)) {}
  Character(const Character&) = delete;
  Character& operator=(const Character&) = delete;
  ~Character() { let_go(std::move(before), &Character::before); }

  char32_t value;
  std::shared_ptr<const Character> before;
};

void GrowingText::add(char32_t character) {
  last_ = std::make_shared<Character>(character, std::move(last_));
}

std::u32string GrowingText::text() const {
  std::u32string text;
  for (const Character* at = last_.get(); at != nullptr; at = at->before.get()) text += at->value;
  std::ranges::reverse(text);
  return text;
}

SeenKey::~SeenKey() { let_go(std::move(before), &SeenKey::before); }

Frame::~Frame() { let_go(std::move(outer), &Frame::outer); }

bool Configuration::operator==(const Configuration& other) const {
  return place == other.place && blanks == other.blanks && node == other.node &&
         state == other.state && bytes == other.bytes && first == other.first &&
         last == other.last && depth == other.depth && region == other.region &&
         hash == other.hash && document == other.document && behind == other.behind &&
         same(frame, other.frame);
}

}  // namespace espalier::guide
