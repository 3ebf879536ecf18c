# Commands for contributors. Needs Python 3.11 or later, and Node 20 or later to run a real store.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
N ?= 5000
RUNS ?= 5
MINUTES ?= 10
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup --durations 10 $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help install demo check quick test test-all lowest soak bench lint ruff mypy imports spelling docs format lock clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(VENV)/$(if $(LOCKED),locked,installed) ## create the virtual environment (LOCKED=1: with the exact versions of requirements.lock)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --group dev --editable .
	@touch $@

$(VENV)/locked: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(PIP) check
	@touch $@

demo: install ## start a real Medusa store and sync the sample catalogue into it
	$(BIN)/python -m tests.harness.demo

check: install ## lint, and the tests that need no store: about a minute
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target quick lint

quick: install
	$(PYTEST) tests/unit tests/flow

test: install ## the tests of `make check`, and those on a real store: at most 10 minutes
	$(PYTEST)

test-all: install ## all tests, also the deep ones, and the coverage: an hour
	$(PYTEST) --deep --cov --cov-report term

lowest: install ## the tests of `make check` with the lowest versions that pyproject.toml allows
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct --group dev --editable .
	$(MAKE) quick BIN=.venv-lowest/bin

soak: install ## random changes, edits and faults on a real store (MINUTES=10 SEED=...)
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: install ## compare with the cheapest way to sync a real store (N=5000 RUNS=5 ARGS=..., see docs/benchmarks.md)
	$(BIN)/python -m benchmarks --sizes 194 $(N) --runs $(RUNS) --json build/benchmark.json $(ARGS)

lint: ruff mypy imports spelling ## check style, types, imports and spelling

ruff: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

mypy: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

spelling: install
	$(BIN)/codespell

docs: install ## write what is generated: tables and pictures of the pages, JSON Schemas
	$(BIN)/python -m docs.build
	$(BIN)/python -m docs.picture

format: install ## fix and format the code with ruff
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: install ## update requirements.lock to the newest versions
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate \
		--custom-compile-command 'make lock' --group dev --output-file requirements.lock pyproject.toml

clean: ## remove everything that these commands created
	rm -rf $(VENV) .venv-lowest dist build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
