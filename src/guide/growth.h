// Texts whose automaton would never be done growing.
#pragma once

#include "guide/automaton.h"

namespace espalier::guide {

// An automaton that is made as it is walked has a state for every set of places in its expression
// where a text may stand. Nearly always those are about as many as the places; but of
// (a|b)*a(a|b){40} each of the last 40 letters may be the one before them, or not: 2^40 states.
// Throws UnsupportedGuide where the first few thousand states from `start` on are many times their
// places, so that an answer is not cut short by memory when it is half written.
void refuse_growth(Automaton& automaton, StateId start);

// Whether that must be asked at all: not where nothing is counted behind what may be of any length,
// as in nearly all patterns.
bool may_grow(const TermPool& terms, TermId term);

}  // namespace espalier::guide
