#include "guide/configuration.h"

#include <utility>

namespace espalier::guide {
namespace {

bool same(const FramePtr& a, const FramePtr& b) {
  const Frame* left = a.get();
  const Frame* right = b.get();
  while (left != right) {
    if (left == nullptr || right == nullptr) return false;
    if (left->is_object != right->is_object || left->plan != right->plan ||
        left->count != right->count || left->missing != right->missing ||
        left->witnesses != right->witnesses || left->seen != right->seen ||
        left->others != right->others) {
      return false;
    }
    left = left->outer.get();
    right = right->outer.get();
  }
  return true;
}

}  // namespace

Frame::~Frame() {
  std::shared_ptr<const Frame> next = std::move(outer);
  while (next && next.use_count() == 1) {
    // The last owner may take it apart.
    next = std::move(const_cast<Frame&>(*next).outer);
  }
}

bool Configuration::operator==(const Configuration& other) const {
  return place == other.place && blanks == other.blanks && node == other.node &&
         state == other.state && bytes == other.bytes && first == other.first &&
         last == other.last && depth == other.depth && region == other.region &&
         hash == other.hash && same(frame, other.frame);
}

}  // namespace espalier::guide
