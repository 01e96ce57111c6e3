// Which instruction sets this machine and its operating system really offer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::base {

// Sets of kernels, from the one that runs everywhere upward.
//   scalar   plain C++
//   avx2     AVX2, FMA and F16C                                  (Haswell 2013, Zen 2017)
//   avx512   and AVX-512 F, BW, DQ, VL and VNNI                  (Ice Lake 2019, Zen 4 2022)
enum class Isa { scalar, avx2, avx512 };

inline constexpr Isa all_isas[] = {Isa::scalar, Isa::avx2, Isa::avx512};

std::string_view name(Isa isa) noexcept;
std::optional<Isa> isa_from_name(std::string_view name) noexcept;

// What the processor has and the operating system saves (XCR0), lowest first; always has scalar.
const std::vector<Isa>& available_isas();
bool is_available(Isa isa);

// The set to use: the highest available one, or a lower one that the environment variable
// ESPALIER_ISA names. Throws InvalidArgument where it names an unknown or an unavailable set.
Isa chosen_isa();

// One line about the machine for benchmark tables: processor name, cores this process may use,
// sets.
std::string describe_machine();

}  // namespace espalier::base
