# `make run` and `make test` do all the set-up themselves; `make acceptance` is the long proof.
SHELL := /bin/sh
UV := .ci/uv
TWIN := $(UV) run --no-sync twin
PYTEST := $(UV) run --no-sync pytest
SCENARIO := wse3-llama3.1-8b-conversation

export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: help setup run test check acceptance docs

help:
	@echo "make run         set up, then run the default scenario into runs/$(SCENARIO)"
	@echo "make test        set up, then check style, types and imports, and run the tests"
	@echo "make acceptance  set up, then run the long proofs and benchmarks"
	@echo "make docs        write the tables of docs/ anew from the code"

setup:
	@.ci/setup

run: setup
	@$(TWIN) run $(SCENARIO) --out runs/$(SCENARIO) --overwrite

check: setup
	$(UV) run --no-sync ruff check .
	$(UV) run --no-sync ruff format --check .
	$(UV) run --no-sync mypy
	$(UV) run --no-sync lint-imports

test: check
	@.ci/chromium
	$(PYTEST) --numprocesses 2 --dist loadfile -m 'not alone'
	$(PYTEST) -m alone

acceptance: setup
	@.ci/chromium
	$(PYTEST) tests/acceptance tests/benchmarks
	$(UV) run --no-sync python tests/benchmarks/bench_thermal.py
	$(UV) run --no-sync python tests/benchmarks/bench_solver.py

docs: setup
	$(UV) run --no-sync python docs/tables.py
