# `make` prints the targets. PYTHON selects the interpreter, VENV and BENCH_VENV the virtual environments.
PYTHON ?= python3
VENV ?= .venv
BENCH_VENV ?= .venv-bench
BIN := $(VENV)/bin
SOURCES := domain infra functions tests benchmarks main.py test_recommendations.py

# AWS Lambda: architecture, demo shop in the artefacts (DEMO=1), name and parameters of the stack of `make deploy`.
ARCHITECTURE ?= x86_64
DEMO ?= 0
STACK ?= shop
PARAMETERS ?=
BUILT = .aws-sam/build
SAM = SAM_CLI_TELEMETRY=0 $(BIN)/sam

# Also where it is set, tests start dozens of processes, which would compile all code anew.
test coverage: export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run tour test check lint format types contracts coverage fuzz test-system test-slow bench bench-serving bench-quality lock audit \
	sam-validate sam-build lambda-test bench-lambda deploy clean

help: ## print the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.runtime ## serve a demo shop on http://127.0.0.1:8000
	$(BIN)/python main.py --demo

tour: $(VENV)/.runtime ## print and check a tour of all endpoints
	$(BIN)/python test_recommendations.py

test: $(VENV)/.dev ## run all tests that need no server processes
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: lint types contracts coverage fuzz test-system ## run everything that CI runs

lint: $(VENV)/.dev ## check code and format with ruff
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format $(SOURCES)

types: $(VENV)/.dev ## check types with pyright, strict
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(VENV)/.dev ## check which package imports which
	$(BIN)/lint-imports

coverage: $(VENV)/.dev ## run the tests of `make test` with branch coverage
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --cov --cov-report=term

fuzz: $(VENV)/.dev ## send N (10000) almost valid requests, import FILES (600) mutated files, drawn with SEED (1)
	$(BIN)/python -m tests.fuzz $(or $(N),10000) --seed $(or $(SEED),1) --first $(or $(FIRST),0)
	$(BIN)/python -m tests.fuzz.files $(or $(FILES),600) --seed $(or $(SEED),1) --first $(or $(FIRST),0)

test-system: $(VENV)/.dev ## test servers, crashes, a browser, the template
	$(BIN)/python -m pytest -q -m 'system and not slow'

test-slow: $(VENV)/.dev ## run the long forms of tests
	$(BIN)/python -m pytest -q -m slow

bench: bench-serving ## measure what docs/benchmarks.md states
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.importing $(if $(JOURNEY),--journey $(JOURNEY))

bench-serving: $(VENV)/.dev $(BENCH_VENV)/.bench ## measure serving on a real shop; DATABASE=FILE takes one that is trained
	$(BIN)/python -m benchmarks.serving --peer-python $(BENCH_VENV)/bin/python $(if $(DATABASE),--database $(DATABASE))

bench-quality: $(VENV)/.runtime $(BENCH_VENV)/.bench ## compare with other libraries, write docs/quality.md
	$(BENCH_VENV)/bin/python -m benchmarks.quality --python $(BIN)/python --write docs/quality.md

audit: $(VENV)/.dev ## list known vulnerabilities of locked packages (needs the internet)
	$(BIN)/pip install --quiet pip-audit
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock -r requirements/lambda.lock

sam-validate: $(VENV)/.dev ## check template.yaml
	AWS_DEFAULT_REGION=eu-central-1 $(SAM) validate --lint

sam-build: $(VENV)/.dev ## build every function for AWS Lambda; DEMO=1 adds the demo shop, ARCHITECTURE=arm64 for Graviton
	$(SAM) build --build-in-source --parameter-overrides Architecture=$(ARCHITECTURE)

lambda-test: $(VENV)/.dev ## build with SAM, run every artefact under AWS's runtime client
	$(BIN)/python -m pytest -q -m system tests/system/test_lambda.py tests/system/test_artefacts.py

bench-lambda: $(VENV)/.dev ## measure cold starts, warm invocations and sizes
	$(BIN)/python -m benchmarks.on_lambda

# A new release publishes every function, also where only a parameter has changed.
deploy: sam-build ## deploy to AWS: make deploy STACK=shop PARAMETERS="ApiKeys=backend:... DatabaseSecret=shop-database ..."
	release=$$($(BIN)/python -m infra.packaging.release $(BUILT) Architecture=$(ARCHITECTURE) $(PARAMETERS)) && \
	$(SAM) deploy --stack-name $(STACK) --resolve-s3 --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
		--parameter-overrides Release=$$release Architecture=$(ARCHITECTURE) $(PARAMETERS)

# SAM calls this for each function, with the folder to fill in ARTIFACTS_DIR.
build-%:
	$(firstword $(wildcard $(BIN)/python) $(PYTHON)) -m infra.packaging $* $(ARTIFACTS_DIR) --architecture $(ARCHITECTURE) \
		$(if $(filter 1,$(DEMO)),--demo)

lock: $(VENV)/.dev ## pin all requirements with hashes
	$(BIN)/pip install --quiet uv
	for name in requirements $(addprefix requirements/,lambda plot tables dev bench awslambdaric fastapi); do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--no-annotate --upgrade $$name.txt --output-file $$name.lock || exit 1; done

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .ruff_cache .hypothesis .coverage* .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The locks are complete, so pip need not resolve. Before version 24, its resolver takes newer releases of packages with an extra.
$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	touch $@

$(VENV)/.dev: requirements/dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	touch $@ $(VENV)/.runtime

$(BENCH_VENV)/bin/python:
	$(PYTHON) -m venv $(BENCH_VENV)

# Separate from the tests, which need none of it.
$(BENCH_VENV)/.bench: requirements/bench.lock | $(BENCH_VENV)/bin/python
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.lock
	touch $@
