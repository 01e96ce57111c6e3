#include "base/cpu_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/processors.h"
#include "espalier/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace espalier::base {
namespace {

#if defined(__x86_64__)
struct Cpuid {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Cpuid cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Cpuid r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

// The extended control register that says which registers the operating system saves on a switch.
std::uint64_t xcr0() {
  std::uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

bool bit(std::uint32_t word, int index) { return (word >> index & 1U) != 0; }

std::vector<Isa> detect() {
  std::vector<Isa> found{Isa::scalar};
  const Cpuid one = cpuid(1);
  const bool osxsave = bit(one.ecx, 27);
  if (!osxsave) return found;
  const std::uint64_t saved = xcr0();
  constexpr std::uint64_t ymm_state = 0x6, zmm_state = 0xe6;
  const Cpuid seven = cpuid(7);
  const bool avx2 = (saved & ymm_state) == ymm_state && bit(one.ecx, 28) && bit(one.ecx, 12) &&
                    bit(one.ecx, 29) && bit(seven.ebx, 5);
  if (!avx2) return found;
  found.push_back(Isa::avx2);
  const bool avx512 = (saved & zmm_state) == zmm_state && bit(seven.ebx, 16) &&
                      bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31) &&
                      bit(seven.ecx, 11);
  if (avx512) found.push_back(Isa::avx512);
  return found;
}

std::string processor_name() {
  if (cpuid(0x80000000U).eax < 0x80000004U) return "x86-64";
  char text[49] = {};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Cpuid part = cpuid(0x80000002U + i);
    std::memcpy(text + 16 * i, &part, 16);
  }
  const std::string name(text);
  const std::size_t begin = name.find_first_not_of(' ');
  if (begin == std::string::npos) return "x86-64";
  return name.substr(begin, name.find_last_not_of(' ') - begin + 1);
}
#else
std::vector<Isa> detect() { return {Isa::scalar}; }
#if defined(__aarch64__)
std::string processor_name() { return "64-bit ARM"; }
#else
std::string processor_name() { return "unknown processor"; }
#endif
#endif

}  // namespace

std::string_view name(Isa isa) noexcept {
  switch (isa) {
    case Isa::scalar:
      return "scalar";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "unknown";
}

std::optional<Isa> isa_from_name(std::string_view text) noexcept {
  for (Isa isa : all_isas) {
    if (name(isa) == text) return isa;
  }
  return std::nullopt;
}

const std::vector<Isa>& available_isas() {
  static const std::vector<Isa> found = detect();
  return found;
}

bool is_available(Isa isa) {
  const auto& found = available_isas();
  return std::find(found.begin(), found.end(), isa) != found.end();
}

Isa chosen_isa() {
  const char* wish = std::getenv("ESPALIER_ISA");
  if (wish == nullptr || *wish == '\0') return available_isas().back();
  const std::optional<Isa> isa = isa_from_name(wish);
  if (!isa) {
    throw InvalidArgument(fmt::format(
        "ESPALIER_ISA={}: no such instruction set; known are scalar, avx2 and avx512", wish));
  }
  if (!is_available(*isa)) {
    throw InvalidArgument(fmt::format("ESPALIER_ISA={}: this machine offers at most {}", wish,
                                      name(available_isas().back())));
  }
  return *isa;
}

std::string describe_machine() {
  std::string sets;
  for (Isa isa : available_isas()) sets += (sets.empty() ? "" : ", ") + std::string(name(isa));
  return fmt::format("{}, {} cores, {}", processor_name(), usable_cores(), sets);
}

}  // namespace espalier::base
