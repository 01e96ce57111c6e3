#include "base/processors.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace espalier::base {
namespace {

// Cores that a cgroup v2 quota allows ("max 100000" or "150000 100000"), rounded up; 0 where none
// is set.
int cgroup_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  const double limit = std::strtod(quota.c_str(), nullptr);
  return limit > 0 ? std::max(1, static_cast<int>((limit + period - 1) / period)) : 0;
}

std::vector<int> allowed_processors() {
  std::vector<int> ids;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int id = 0; id < CPU_SETSIZE; ++id) {
      if (CPU_ISSET(id, &set)) ids.push_back(id);
    }
  } else {
    ids.resize(std::max(1U, std::thread::hardware_concurrency()));
    std::iota(ids.begin(), ids.end(), 0);
  }
  return ids;
}

int within_quota(int count) {
  const int limit = cgroup_cores();
  return std::max(1, limit > 0 ? std::min(count, limit) : count);
}

}  // namespace

int usable_processors() { return within_quota(static_cast<int>(allowed_processors().size())); }

int usable_cores() {
  return within_quota(count_cores("/sys/devices/system/cpu", allowed_processors()));
}

int count_cores(const std::filesystem::path& folder, std::span<const int> ids) {
  std::set<std::string> cores;
  int unknown = 0;
  for (int id : ids) {
    std::ifstream file(folder / fmt::format("cpu{}", id) / "topology/thread_siblings_list");
    std::string siblings;
    if (std::getline(file, siblings) && !siblings.empty()) {
      cores.insert(siblings);
    } else {
      ++unknown;
    }
  }
  return static_cast<int>(cores.size()) + unknown;
}

}  // namespace espalier::base
