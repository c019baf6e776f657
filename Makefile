# Two commands matter: `make demo` and `make test`. Both set everything up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.PHONY: spark setup demo test check bench torture lock clean

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps -r requirements.txt
	rm -rf *.egg-info # an old one in this folder would hide the commands just installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: setup
	$(BIN)/kopuro demo

# Three workers share two cores well: the tests wait for processes, browsers and databases more than they compute.
test: setup
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Up to a million entries (some 15 minutes); `make bench QUICK=1` for a short run.
bench: setup
	$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick)
	$(BIN)/python -m tests.benchmarks.lookup $(if $(QUICK),,--entries 100000 --entries 1000000)
	$(BIN)/python -m tests.benchmarks.bulk $(if $(QUICK),,--whole)

# Ten thousand records under two hundred kills; TORTURE="--seed 7" for another course of events.
torture: setup
	$(BIN)/python -m tests.torture $(TORTURE)

# The extra `spark`: pyspark has no wheel, so it is built here, by setuptools as it is locked.
spark: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation -r requirements-spark.txt

# Needs `pip install uv` on the maintainer's own machine; writes hashes and no index address.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements.txt
	echo 'pyspark>=4.3' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-spark.txt

clean:
	rm -rf $(VENV) var build *.egg-info
