# Espalier's front door. `make help` lists what it opens; CMakePresets.json says how things are built.

SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
export JOBS
BUILD = cmake --build --preset
# The sanitizers of g++ 12 may die at start-up where the kernel randomises many address bits
# (vm.mmap_rnd_bits > 28): switch that off for the programs that have them, where we may.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
.PHONY: help

run: setup build/release/build.ninja ## Build, fetch the default model if none is there, and chat (ARGS="--stats" …)
	@$(BUILD) release -j $(JOBS) --target espalier
	@scripts/ensure_model
	@build/release/bin/espalier chat $(ARGS)
.PHONY: run

build: setup build/release/build.ninja ## Build everything, tests and benchmarks included
	@$(BUILD) release -j $(JOBS)
.PHONY: build

test: setup-test build/release/build.ninja build/asan/build.ninja ## All that CI runs: the tests, then again under ASan and UBSan
	@$(BUILD) release -j $(JOBS)
	@scripts/ensure_model
	@ctest --preset release -j 2 --no-tests=error
	@$(FIXED_ADDRESSES) $(BUILD) asan -j $(JOBS)
	@ESPALIER_SKIP_REAL_MODEL=1 $(FIXED_ADDRESSES) ctest --preset asan -j 2 -LE '^(oracle|house)$$' --no-tests=error
.PHONY: test

verify: setup-verify build/release/build.ninja ## The long proofs (hours): TSan, fuzzers, emulators, long properties, quality
	@$(BUILD) release -j $(JOBS) --target espalier
	@scripts/ensure_model
	@scripts/verify
.PHONY: verify

bench: setup-verify build/release/build.ninja ## Speed: beside llama.cpp, by kernel, of the tokenizer
	@$(BUILD) release -j $(JOBS)
	@scripts/ensure_model
	@build/release/bin/kernels_bench
	@build/release/bin/text_bench
	@build/release/bin/espalier bench --threads 2 --repeat 5 --contexts 128,1024,4096 --batch 1,2,4,8,16 --profile
	@.venv/bin/python benchmarks/first_token.py
	@.venv/bin/python benchmarks/guide/decoding.py
	@.venv/bin/python benchmarks/formats.py --plot build/bench/formats.svg
	@.venv/bin/python benchmarks/vs_llamacpp.py --busy 1
.PHONY: bench

lint: setup-lint build/release/build.ninja ## clang-format, clang-tidy and ruff; changes nothing
	@scripts/lint
.PHONY: lint

format: setup-lint ## Rewrite the sources in the house style
	@scripts/lint --fix
.PHONY: format

clean: ## Remove what was built (.venv, ccache and models stay)
	rm -rf build
.PHONY: clean

setup: ; @scripts/setup
setup-%: ; @scripts/setup --$*
.PHONY: setup

# Configures a preset once; afterwards ninja itself notices changed CMake files.
build/%/build.ninja: CMakePresets.json
	@cmake --preset $*
.PRECIOUS: build/%/build.ninja

# Set-up comes before the rest, whatever -j says; the build tools run in parallel by themselves.
.NOTPARALLEL:
