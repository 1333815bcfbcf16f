# `make` prints the targets. PYTHON chooses the interpreter, VENV and BENCH_VENV the virtual environments.
PYTHON ?= python3
VENV ?= .venv
BENCH_VENV ?= .venv-bench
BIN := $(VENV)/bin
SOURCES := domain infra functions tests benchmarks main.py test_recommendations.py

.DEFAULT_GOAL := help
.PHONY: help run tour test check lint format types contracts coverage test-system test-slow bench bench-quality lock sam-validate clean

help: ## print the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.runtime ## serve a demo shop on http://127.0.0.1:8000
	$(BIN)/python main.py --demo

tour: $(VENV)/.runtime ## walk through all endpoints, printed for a person
	$(BIN)/python test_recommendations.py

test: $(VENV)/.dev ## all tests that need no server processes
	$(BIN)/python -m pytest -q -n 2

check: lint types contracts coverage test-system ## all that CI runs

lint: $(VENV)/.dev ## ruff, and that everything is formatted
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: $(VENV)/.dev ## format everything
	$(BIN)/ruff format $(SOURCES)

types: $(VENV)/.dev ## pyright, strict
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(VENV)/.dev ## which package may import which
	$(BIN)/lint-imports

coverage: $(VENV)/.dev ## the tests of `make test`, with branch coverage
	$(BIN)/python -m pytest -q -n 2 --cov --cov-report=term

test-system: $(VENV)/.dev ## servers, crashes, a browser, the template
	$(BIN)/python -m pytest -q -m 'system and not slow'

test-slow: $(VENV)/.dev ## the long forms
	$(BIN)/python -m pytest -q -m slow

bench: $(VENV)/.dev ## measure, and print the tables of docs/benchmarks.md
	$(BIN)/python -m benchmarks.run

bench-quality: $(VENV)/.runtime $(BENCH_VENV)/.bench ## compare with other libraries, and write the tables of docs/quality.md
	$(BENCH_VENV)/bin/python -m benchmarks.quality --python $(BIN)/python --write docs/quality.md

sam-validate: $(VENV)/.dev ## check template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 $(BIN)/sam validate --lint

lock: $(VENV)/.dev ## pin all requirements with hashes
	$(BIN)/pip install --quiet uv
	for name in requirements requirements-lambda requirements-dev requirements-bench; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--no-annotate --upgrade $$name.txt --output-file $$name.lock || exit 1; done

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .ruff_cache .hypothesis .coverage* .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The locks are whole, so pip need not resolve: before 24, it takes newer releases of what is asked for with an extra.
$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	touch $@ $(VENV)/.runtime

$(BENCH_VENV)/bin/python:
	$(PYTHON) -m venv $(BENCH_VENV)

# Apart from the tests, which need none of it.
$(BENCH_VENV)/.bench: requirements-bench.lock | $(BENCH_VENV)/bin/python
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.lock
	touch $@
