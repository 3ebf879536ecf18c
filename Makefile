# Commands for contributors. Needs Python 3.11 or later, and Node 20 or later to run a real store.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
N ?= 5000
RUNS ?= 5
MINUTES ?= 10
COUNT ?= 100
PYTHONS ?= 3.11 3.12 3.13 3.14
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup --durations 10 $(ARGS)

unexport PYTHONDONTWRITEBYTECODE # with it, every process of a test compiles all modules again

.DEFAULT_GOAL := help
.PHONY: help install demo store check quick test test-all lowest simulate ecosystem mutants soak replay matrix bench lint ruff mypy imports spelling complexity security docs picture format container audit release publish lock clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(VENV)/$(if $(LOCKED),locked,installed) ## create the virtual environment (LOCKED=1: with the exact versions of requirements.lock)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --group dev --group docs --editable .
	@touch $@

HASHED = --no-deps --require-hashes --requirement requirements.lock
$(VENV)/locked: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	$(PIP) install --no-deps --require-hashes --requirement $(VENV)/uv.lock
	$(BIN)/uv pip install --quiet $(HASHED) --python $(BIN)/python || $(PIP) install $(HASHED) # uv is faster, but reads no pip.conf
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(PIP) check
	@touch $@

demo: install ## start a real Medusa store with its admin, and sync the sample into it (SOURCE=catalogue.csv)
	$(BIN)/python -m tests.harness.demo $(SOURCE)

store: install ## start an empty Medusa store; prints its address and key
	$(BIN)/python -m tests.harness.medusa

check: install ## lint, and the tests that need no store: about three minutes
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

simulate: install ## random histories of a source, a merchant, faults and runs on a store in memory (MINUTES=5 SEED=...)
	$(BIN)/python -m tests.world --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

ecosystem: install ## read the catalogues of other programs before and after a change, and print the difference (REF=main)
	$(BIN)/python -m tests.catalogues.ecosystem $(REF)

mutants: install ## apply bugs on purpose to a copy of the package: the world has to find each (ARGS="sales --seconds 30")
	$(BIN)/python -m tests.world.mutants $(ARGS)

soak: install ## random histories on a real store (MINUTES=10 SEED=...)
	$(BIN)/python -m tests.world.real --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

replay: install ## random histories on a real store and on the one in memory, which have to end alike (COUNT=100 SEED=...)
	$(BIN)/python -m tests.world.real --compare $(COUNT) $(if $(SEED),--seed $(SEED))

matrix: install ## a short suite on several versions of Medusa, three minutes each (VERSIONS="2.13.6 2.21.2")
	$(BIN)/python -m tests.harness.matrix $(VERSIONS)
	$(BIN)/python -m docs.build

bench: install ## compare with the cheapest way to sync a real store (N=5000 RUNS=5 ARGS=..., see benchmarks/README.md)
	$(BIN)/python -m benchmarks --sizes 194 $(N) --runs $(RUNS) --json build/benchmark.json $(ARGS)

lint: ruff mypy imports spelling complexity security ## check style, types, imports, spelling, complexity, workflows and the Dockerfile

ruff: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

mypy: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

spelling: install
	$(BIN)/codespell

complexity: install
	$(BIN)/xenon --max-absolute C medusa_sync

security: install
	$(BIN)/zizmor --offline --quiet . docs/recipes/github-actions.yml
	$(BIN)/hadolint Dockerfile docs/examples/store/Dockerfile

docs: install ## write what is generated in the pages, and build them as a site in build/site
	$(BIN)/python -m docs.build
	$(BIN)/zensical build --clean --strict

picture: install ## draw the picture of the README, a dry run on a real store
	$(BIN)/python -m docs.picture

format: install ## fix and format the code with ruff
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

container: install ## build the image and run it (without Docker and Podman: execute its steps in a clean root)
	$(BIN)/python -m pytest --verbose -m container $(ARGS) tests/container

TOOLS := .venv-release
$(TOOLS)/installed: requirements-release.lock | install
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(TOOLS)
	$(BIN)/uv pip sync --quiet --require-hashes --python $(TOOLS) requirements-release.lock
	@touch $@

audit: $(TOOLS)/installed ## look for known vulnerabilities in the run-time dependencies
	$(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements-runtime.lock

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' medusa_sync/_version.py)
SBOM = build/release/medusa-sync-$(VERSION).cdx.json
release: $(TOOLS)/installed ## build sdist, wheel and SBOM of this commit, check them, test the wheel (PYTHONS="3.11 3.14" TAG=v1.2.3)
ifdef TAG
	test "$$TAG" = 'v$(VERSION)'
	grep '^## \[$(VERSION)\] - 2' CHANGELOG.md
endif
	rm -rf dist build/release && mkdir -p build/release/clean
	git archive HEAD | tar -x -C build/release/clean
	$(TOOLS)/bin/python -m build --no-isolation --outdir dist .
	umask 077 && $(TOOLS)/bin/python -m build --no-isolation --outdir build/release/again build/release/clean
	diff --recursive dist build/release/again
	$(TOOLS)/bin/twine check --strict dist/*
	$(TOOLS)/bin/check-wheel-contents dist/*.whl
	$(BIN)/uv venv --quiet --python $(BIN)/python build/release/runtime
	$(BIN)/uv pip install --quiet --python build/release/runtime --requirement requirements-runtime.lock
	$(BIN)/uv pip install --quiet --python build/release/runtime --no-deps dist/*.whl
	sed 's/^dynamic = .*/version = "$(VERSION)"/' pyproject.toml > build/release/pyproject.toml
	$(TOOLS)/bin/cyclonedx-py environment --output-reproducible --pyproject build/release/pyproject.toml \
		--output-file $(SBOM) build/release/runtime
	$(BIN)/python -m tests.harness.wheel --workers $(WORKERS) $(PYTHONS)

publish: ## release the tag that is checked out, and upload it to PyPI (asks for a token)
	$(MAKE) release TAG="$$(git describe --tags --exact-match)"
	$(TOOLS)/bin/twine upload dist/*

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --custom-compile-command 'make lock'
UPGRADE ?= --upgrade
lock: install ## update the three lock files to the newest versions (UPGRADE= keeps the versions that they have)
	$(LOCK) $(UPGRADE) --group dev --group docs --output-file requirements.lock pyproject.toml
	$(LOCK) --constraint requirements.lock --output-file requirements-runtime.lock pyproject.toml
	$(LOCK) $(UPGRADE) --group release --output-file requirements-release.lock

clean: ## remove everything that these commands created
	rm -rf $(VENV) .venv-lowest $(TOOLS) dist build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
