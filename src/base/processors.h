// How many threads this process can put to work.
#pragma once

#include <filesystem>
#include <span>

namespace espalier::base {

// Logical processors that this process may run on: its affinity mask, further limited by a cgroup
// quota. More threads than that only get in each other's way.
int usable_processors();

// Physical cores among them: threads that share a core share the multipliers that this library
// spends its time in, so this is the count to start with.
int usable_cores();

// How many cores the processors `ids` are, by what `folder` (/sys/devices/system/cpu on Linux) says
// of their siblings. A processor of which it says nothing counts as a core.
int count_cores(const std::filesystem::path& folder, std::span<const int> ids);

}  // namespace espalier::base
