# Two commands: `make study` sets everything up and runs the study, `make test` sets everything up
# and passes the tests. Both need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV ?= .venv
PROFILE ?= quick
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: study test test-slow test-lowest faults mutants lock clean

study: $(READY)
	$(BIN)/collsec run --profile $(PROFILE)

test: $(READY)
	$(BIN)/ruff check src tests packages
	$(BIN)/ruff format --check src tests packages
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest -q -n 2 --dist loadfile

# The long simulations (coverage, size and power of the inference; a hundred simulated data sets; twenty kills).
test-slow: $(READY)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest -q -n 2 -m slow

# The same tests under the lowest version that is declared of each library (needs `uv` on PATH).
# Under another Python: `make test PYTHON=python3.13 VENV=.venv-3.13`.
test-lowest:
	uv venv --clear --python $(PYTHON) .venv-lowest
	uv pip compile pyproject.toml --extra dev --resolution lowest-direct --python-version 3.11 \
	  --output-file .venv-lowest/requirements.txt
	uv pip install --python .venv-lowest --requirement .venv-lowest/requirements.txt
	uv pip install --python .venv-lowest --no-deps --no-build-isolation --editable packages/riskset --editable .
	PATH="$(abspath .venv-lowest/bin):$$PATH" .venv-lowest/bin/python -m pytest -q -n 2 --dist loadfile

# What a run survives: kills, signals, lost and corrupt files, broken input (docs/faults.md).
faults: $(READY)
	PATH="$(abspath $(BIN)):$$PATH" FLIPPED=200 $(BIN)/python -m pytest -v -m "slow or not slow" \
	  tests/core/test_project.py tests/pipeline/test_run.py tests/pipeline/test_corruptions.py \
	  tests/pipeline/test_hostile_texts.py tests/pipeline/test_toy.py \
	  tests/hypothesis/test_specification_fuzz.py tests/upstream

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
	  --no-header --no-strip-extras --output-file requirements.lock

clean:
	rm -rf data/processed/* reports/project reports/site .snakemake .venv-lowest
