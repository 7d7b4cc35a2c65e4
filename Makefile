# The two commands of a newcomer: make demo, make test. Everything is installed into .venv by what needs it.
PYTHON ?= python3
BIN := .venv/bin
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Registries of tests lie in memory where it has 4 GB for them: they wait for the disk at every commit, and need none.
IN_MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4194304 {print "/dev/shm/XXXXXX"}')

.DEFAULT_GOAL := help
.PHONY: help demo test explore fuzz slow lint types imports check format clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: .venv/installed ## enrol 8 devices, fingerprint, catch 7 suspects over HTTP, audit; writes demo/report.html
	$(ONE_THREAD) $(BIN)/countermark demo --json demo/demo.json

test: .venv/installed ## the default tests: CPU, no network
	place=$$(mktemp -d $(IN_MEMORY)) && trap 'rm -rf "$$place"' EXIT INT TERM && chmod 755 "$$place" && \
	TMPDIR=$$place $(ONE_THREAD) $(BIN)/python -m pytest --quiet --numprocesses 2 --dist worksteal $(TESTS)

explore: .venv/installed ## every law again, on examples that are drawn anew
	$(ONE_THREAD) $(BIN)/python -m pytest --quiet -m "hypothesis and not slow" --hypothesis-profile=exploring

fuzz: .venv/installed ## hundreds of requests of every kind that the API's description allows, and as many out of form; minutes
	$(ONE_THREAD) $(BIN)/python -m pytest --quiet -m slow tests/api/test_fuzz.py

slow: .venv/installed ## what `make test` leaves out, the fuzz among it; minutes
	$(ONE_THREAD) $(BIN)/python -m pytest --quiet -m slow

lint: .venv/installed ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed ## mypy --strict on the four packages
	$(BIN)/mypy

imports: .venv/installed ## the arrows between packages
	$(BIN)/lint-imports

check: lint types imports test ## everything but the demonstration

format: .venv/installed ## rewrite in house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what was installed and made
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
