# Millstream's front door; `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build test gpu-test cuda-texts demo bench bench-peers asan tsan lint tidy format clean

JOBS ?= $(shell nproc)
PEERS_DIR ?= ../shared/peers
export PYTHON ?= python3

configure = cmake --preset $(1)
compile = cmake --build build/$(1) --parallel $(JOBS)
sources = git ls-files '*.cc' '*.h'

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## install what is missing: Debian packages and .venv (PYTHON=python3.12 picks another Python)
	@tools/setup

build: setup ## build the release library, tests and Python module into build/release
	@$(call configure,release) >/dev/null
	@$(call compile,release)

test: build ## run every test: floors, C++ (ctest), Python (pytest), and C++ under asan and ubsan
	@tools/check_floors.py
	@echo "ctest:"; ctest --test-dir build/release -j $(JOBS) --output-on-failure --no-tests=error \
	  | tee build/ctest.log | { grep -vE '^ +Start |Passed +[0-9.]+ sec$$' || true; }
	@echo "pytest:"; .venv/bin/python -m pytest -q tests/python | tee build/pytest.log
	@$(MAKE) --no-print-directory asan
	@echo "C++:       $$(grep 'tests passed' build/ctest.log)"
	@echo "Python:    $$(tail -n 1 build/pytest.log)"
	@echo "Sanitized: $$(tail -n 1 build/asan.log)"

# Two GPUs made of the processor. What runs no op, or compiles texts itself, has run already.
gpu-test: export MILLSTREAM_OPENCL_CPU_AS_GPU = 2
gpu-test: export MILLSTREAM_LOG_LEVEL = 2
gpu-test: build ## run the C++ tests and pytest again, on two GPUs that PoCL makes of the processor
	@echo "on PoCL's GPUs:"; for shard in 0 1; do \
	  GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$$shard build/release/bin/millstream_test --gtest_brief=1 \
	    --gtest_filter='-Text*:Plot*:Idx*' >build/gpu-$$shard.log 2>&1 & \
	  shards="$${shards:-} $$!"; done; \
	for shard in $$shards; do wait $$shard || { cat build/gpu-[01].log; exit 1; }; done
	@.venv/bin/python -m pytest -q tests/python --ignore-glob='*/test_cuda_*' | tee build/gpu-pytest.log

cuda-texts: build ## compile every kernel for the chips of five generations (needs no GPU)
	MILLSTREAM_TEST_ALL_CHIPS=1 .venv/bin/python -m pytest -q tests/python/test_cuda_texts.py

demo: build ## train a CNN on Fashion-MNIST with examples/cpp/fashion_mnist.cc
	build/release/bin/fashion_mnist

bench: setup ## measure ops and their parts, beside what the machine can do (FILTER=regex chooses)
	@$(call configure,release) -DMILLSTREAM_BENCHMARKS=ON >/dev/null
	@$(call compile,release)
	build/release/bin/millstream_bench $(if $(FILTER),--benchmark_filter='$(FILTER)')

bench-peers: setup ## compare with TensorFlow, PyTorch and JAX in one table: benchmarks/README.md
	@$(call configure,release) -DMILLSTREAM_BENCHMARKS=ON >/dev/null
	@$(call compile,release)
	@$(PYTHON) benchmarks/peers/compare.py $(PEERS_DIR) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(PEERS),--peers $(PEERS))

asan: setup ## run the C++ tests under the address and undefined-behaviour sanitizers
	@$(call configure,asan) >/dev/null
	@$(call compile,asan) --target millstream_test
	@echo "asan and ubsan:"; LSAN_OPTIONS=suppressions=tests/leaks.supp:print_suppressions=0 \
	  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/asan/bin/millstream_test --gtest_brief=1 | tee build/asan.log

tsan: setup ## run the C++ tests under the thread sanitizer
	@$(call configure,tsan) >/dev/null
	@$(call compile,tsan) --target millstream_test
	build/tsan/bin/millstream_test --gtest_brief=1

lint: setup ## check floors, sizes, format and shell scripts (make tidy adds clang-tidy)
	@tools/check_floors.py
	@$(sources) | xargs clang-format --dry-run --Werror
	@shellcheck tools/setup .ci/run

tidy: build ## run clang-tidy over the library
	@$(sources) 'millstream/*.cc' | grep '^millstream/.*\.cc$$' | \
	  xargs -P $(JOBS) -n 1 clang-tidy --quiet -p build/release

format: ## format the C++ sources in place
	@$(sources) | xargs clang-format -i

clean: ## remove the build folders (.venv stays)
	rm -rf build
