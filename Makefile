# Two commands for everybody: `make demo` and `make test`. Both make their own environment in .venv.
# Needed: Python 3.11 or newer and a network. npm is used when it is there.
#   make test ARGS='tests/unit -q'     some tests only (after the checks)
#   make pytest ARGS='-k door'         without the checks
#   make PYTHON=/path/to/python demo   another Python
VENV ?= .venv
BIN  := $(VENV)/bin
CODEX_NPM_VERSION := 0.169.0
NU_NPM_VERSION := 0.115.1

ifndef PYTHON
PYTHON := $(shell for name in python3.11 python3 python3.12 python3.13 python3.14 python; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
endif

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
PIP := $(BIN)/python -m pip install --quiet --quiet

.PHONY: demo test check lint types contracts pytest bench pictures docs man lowest codex-npm nu-npm clean

demo: $(VENV)/.installed
	@$(BIN)/codex-ssh demo $(ARGS)

test: check pytest

check: lint types contracts

lint: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-installed
	$(BIN)/mypy

contracts: $(VENV)/.test-installed
	$(BIN)/lint-imports --no-cache

pytest: $(VENV)/.test-installed codex-npm nu-npm
	$(BIN)/python -m pytest -n 4 --dist loadgroup $(ARGS)

# Figures of this machine, into docs/reference/performance.md. make bench ARGS='storm --seconds 5' prints some.
bench: $(VENV)/.test-installed
	$(BIN)/python -m tests.bench $(or $(ARGS),--write --json $(VENV)/bench.json)

# The pictures in docs/, drawn by the TUI itself; a test fails when they are not what it draws.
pictures: $(VENV)/.test-installed
	$(BIN)/python -m tests.tui.pictures

# The documentation as a site in build/site; a link that leads nowhere and a page nobody finds are errors.
docs: $(VENV)/.test-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --config-file config/mkdocs.yml

# The man pages a wheel brings along, in build/man: man -l build/man/codex-ssh.1
man: $(VENV)/.test-installed
	$(BIN)/python config/manpages.py build/man

# The oldest versions pyproject.toml allows, with the tests that meet them.
lowest: $(VENV)/.test-installed
	mkdir -p build
	.ci/lowest $(BIN)/python

# npm carries a newer codex than PyPI; both are tested. Without npm the tests of the newer one are skipped.
codex-npm: $(VENV)/.test-installed
	@if ! command -v npm >/dev/null 2>&1; then \
	  echo "npm not found: the newer codex is not tested here"; \
	elif [ ! -e $(VENV)/npm/.codex-$(CODEX_NPM_VERSION) ]; then \
	  npm install --no-audit --no-fund --no-update-notifier --loglevel=error --prefix $(VENV)/npm \
	    @openai/codex@$(CODEX_NPM_VERSION) && touch $(VENV)/npm/.codex-$(CODEX_NPM_VERSION) || \
	  echo "npm could not install codex $(CODEX_NPM_VERSION): it is not tested here"; \
	fi

# nu is a login shell unlike the others, and no package of most systems.
nu-npm: $(VENV)/.test-installed codex-npm
	@if command -v npm >/dev/null 2>&1 && [ ! -e $(VENV)/npm/.nu-$(NU_NPM_VERSION) ]; then \
	  npm install --no-audit --no-fund --no-update-notifier --loglevel=error --prefix $(VENV)/npm \
	    nushell@$(NU_NPM_VERSION) && touch $(VENV)/npm/.nu-$(NU_NPM_VERSION) || \
	  echo "npm could not install nu $(NU_NPM_VERSION): it is not tested here"; \
	fi

$(VENV)/.venv-made:
	@test -n "$(PYTHON)" || { echo "codex-ssh needs Python 3.11 or newer, and found none on PATH;" \
	  "name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments;" \
	  "on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: $(VENV)/.venv-made pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed
	$(PIP) --group test --group lint --group docs
	@touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
