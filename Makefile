# Two commands for everybody: `make demo` and `make test`. Both make their own environment.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
CODEX_NPM_VERSION := 0.169.0

.PHONY: demo test check lint types contracts pytest codex-npm clean

demo: $(VENV)/.installed
	$(BIN)/codex-ssh demo

test: check pytest

check: lint types contracts

lint: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-installed
	$(BIN)/mypy

contracts: $(VENV)/.test-installed
	$(BIN)/lint-imports --no-cache

pytest: $(VENV)/.test-installed codex-npm
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

# npm carries a newer codex than PyPI; both are tested. No npm, no second codex: the tests say so.
codex-npm: $(VENV)/.test-installed
	@if command -v npm >/dev/null 2>&1; then \
	  test -d $(VENV)/npm/node_modules/@openai/codex || \
	  npm install --no-audit --no-fund --loglevel=error --prefix $(VENV)/npm @openai/codex@$(CODEX_NPM_VERSION); \
	else echo "npm not found: the newer codex is not tested here"; fi

$(VENV)/.venv-made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	touch $@

$(VENV)/.installed: $(VENV)/.venv-made pyproject.toml
	$(BIN)/python -m pip install -q -e .
	touch $@

$(VENV)/.test-installed: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install -q --group test --group lint
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
