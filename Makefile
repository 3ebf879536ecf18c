# Everything a contributor does. Needs Python 3.11 or later; Node 20 or later for a real store.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
N ?= 5000
RUNS ?= 5
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: help install demo test lowest soak bench lint docs format clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(VENV)/installed ## make the virtual environment

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install ## a real Medusa store with the sample catalogue synced into it
	$(BIN)/python -m tests.harness.demo

test: install ## every test, the ones on a real store included
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup --cov --cov-report term $(ARGS)

lowest: ## the tests that need no store, with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct --editable '.[dev]'
	.venv-lowest/bin/python -m pytest --numprocesses $(WORKERS) $(ARGS) tests/unit tests/flow

soak: install ## changes, edits and faults at random on a real store (MINUTES=10 SEED=...)
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: install ## time against the floor of a real store (N=5000 RUNS=5 ARGS=..., see docs/benchmarks.md)
	$(BIN)/python -m benchmarks --sizes 194 $(N) --runs $(RUNS) --json build/benchmark.json $(ARGS)

lint: install ## style, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install ## write what is made from the code: tables and picture of the README
	$(BIN)/python docs/build.py
	$(BIN)/python -m docs.picture

format: install ## let ruff put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove what was made here
	rm -rf $(VENV) .venv-lowest dist build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
