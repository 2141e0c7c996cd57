# The front door for people: sets up .venv on first use, then runs one thing. Every target can be run twice.
#
#   make demo [PORT=8080] [LEADS=300] [SEED=1]   a sandbox portal with the app inside, in the browser
#   make test | lint | bench | chaos | accessible | screenshots | clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Three workers fill the two cores of the smallest machine we build on, since many tests wait for processes; loadfile keeps one server per test file, and in the order of the
# folders the long browser and chaos files come early instead of being waited for at the end.
TEST_JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench chaos accessible screenshots clean

help:
	@sed -n 's/^#\( \{0,1\}\)//p' Makefile | head -4

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo 'Setting up $(VENV), once; this takes about a minute.'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/leadswitch demo $(if $(PORT),--port $(PORT)) $(if $(LEADS),--leads $(LEADS)) $(if $(SEED),--seed $(SEED)) $(DEMO_ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m bench $(BENCH)

chaos: $(STAMP)
	$(BIN)/python -m tests.chaos --write $(CHAOS)

accessible: $(STAMP)
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist load -m "thorough or not thorough" tests/browser/test_accessible.py $(PYTEST_ARGS)

screenshots: $(STAMP)
	$(BIN)/python -m tests.browser.screenshots $(SCREENSHOTS)
	$(BIN)/python -m tests.browser.screenshots --readme
	$(BIN)/python -m tests.browser.market

clean:
	rm -rf dist build var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
