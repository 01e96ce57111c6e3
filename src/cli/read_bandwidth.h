// How fast this machine's memory can be read: the limit of decoding, which reads every weight once
// a token.
#pragma once

namespace espalier::cli {

// GB/s (10^9 bytes) of a plain loop over a buffer well beyond the last-level cache, with that many
// threads; the best of a few passes.
double read_bandwidth_gb_s(int threads);

}  // namespace espalier::cli
