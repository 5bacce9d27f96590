# Two commands: `make study` sets everything up and runs the study, `make test` sets everything up
# and passes the tests (`make test-all` every one). Both need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV ?= .venv
PROFILE ?= quick
BIN = $(VENV)/bin
READY = $(VENV)/.ready

# Tests keep what pytest compiles of them, and take one thread a process: two processes fill two cores.
TESTS = PATH="$(abspath $(BIN)):$$PATH" PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: study test test-all test-slow test-lowest faults mutants docs lock release clean

study: $(READY)
	$(BIN)/collsec run --profile $(PROFILE)

test: $(READY)
	$(BIN)/ruff check src analyses tests packages
	$(BIN)/ruff format --check src analyses tests packages
	$(BIN)/mypy
	$(TESTS) -q -n 2 --dist loadfile

# What `make test` runs, then what it leaves out: tests marked `full`, and more examples of each property.
test-all: test
	$(TESTS) -q -n 2 --dist loadfile -m "(full or examples) and not slow" --hypothesis-profile full

# The long simulations (coverage, size and power of the inference; a hundred simulated data sets; twenty kills).
test-slow: $(READY)
	$(TESTS) -q -n 2 -m slow --hypothesis-profile full

# The same tests under the lowest version that is declared of each library (needs `uv` on PATH).
# Under another Python: `make test PYTHON=python3.13 VENV=.venv-3.13`.
test-lowest:
	uv venv --clear --python $(PYTHON) .venv-lowest
	uv pip compile pyproject.toml --extra dev --resolution lowest-direct --python-version 3.11 --no-emit-package riskset \
	  --output-file .venv-lowest/requirements.txt
	uv pip install --python .venv-lowest --requirement .venv-lowest/requirements.txt
	uv pip install --python .venv-lowest --no-deps --no-build-isolation --editable packages/riskset --editable .
	PATH="$(abspath .venv-lowest/bin):$$PATH" .venv-lowest/bin/python -m pytest -q -n 2 --dist loadfile -m "not slow"

# What a run survives: kills, signals, lost and corrupt files, broken input (docs/faults.md).
faults: $(READY)
	FLIPPED=200 $(TESTS) -v -m "" --hypothesis-profile full \
	  tests/core/test_project.py tests/pipeline/test_run.py tests/pipeline/test_corruptions.py \
	  tests/pipeline/test_hostile_texts.py tests/pipeline/test_toy.py \
	  tests/hypothesis/test_specification_fuzz.py tests/upstream

# The site of the documentation, its notebooks executed: open docs/_build/site/index.html. Warnings are errors.
DOCS = .venv-docs
docs: $(DOCS)/.ready
	OPENBLAS_NUM_THREADS=1 $(DOCS)/bin/python -m sphinx -E -W --keep-going -q -c docs -d docs/_build/pages . docs/_build/site

$(DOCS)/.ready: requirements.lock docs/requirements.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/requirements.txt
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable packages/riskset --editable .
	@touch $(DOCS)/.ready

# Which changes of the code the tests do not notice (some hours; a table of every change tried).
mutants: $(READY)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tests/mutants.py measures histories evidence designs riskset \
	  --sample 50 --to mutants.csv

$(READY): requirements.lock pyproject.toml packages/riskset/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable packages/riskset --editable .
	@touch $(READY)

# Resolve the lock again (needs `uv` on PATH); no index address is written.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-strip-extras --no-emit-package riskset --output-file requirements.lock
	uv pip compile docs/requirements.in --constraint requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-strip-extras --no-annotate --output-file docs/requirements.txt

# Every step of a release with its check, in order; the first that fails ends it. What is left to a person stands
# in CONTRIBUTING.md: nothing is committed, tagged, or published.
release: $(READY)
	$(BIN)/python tests/ready.py
	$(BIN)/collsec check
	$(MAKE) test-all docs
	$(BIN)/collsec run --profile full
	$(BIN)/collsec release --replace
	$(BIN)/python tests/ready.py --after
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist packages/riskset .
	$(BIN)/collsec bundle dist/deposit.zip --date $$(date -u +%F)
	$(BIN)/collsec verify dist/deposit.zip

clean:
	rm -rf data/processed/* reports/project reports/site docs/_build dist .snakemake .venv-lowest
