# Set-up and everyday commands. Nothing but Python >= 3.11 (with venv) and make is needed.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup up test check bench format lock clean

help:
	@echo "make up      set up and run the suite at http://127.0.0.1:8000   (ARGS='--help' shows its options)"
	@echo "make test    set up and run every test                          (ARGS='-k name' for some of them)"
	@echo "make check   lint, types, layers, freshness of generated documents"
	@echo "make bench   measure against plain peers, and write bench/results.json   (ARGS=quick: 3 minutes; ARGS='reminders' for one)"
	@echo "make setup   set up only; afterwards .venv/bin/dondoc works"

up: .venv/.runtime
	@$(BIN)/dondoc up $(ARGS)

setup: .venv/.dev

test: .venv/.dev
	@$(BIN)/pytest $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m services.reference --check

bench: .venv/.dev
	@$(BIN)/python -m bench $(ARGS)

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Rewrite the locks from pyproject.toml; hashes included, no address of any registry.
lock: .venv/.dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Cần Python từ 3.11: cài rồi chạy lại, hoặc make PYTHON=/đường/dẫn/python3.11 … / Python >= 3.11 is needed: install it, or say make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python thiếu mô-đun venv: trên Debian/Ubuntu chạy apt install python3-venv. / Python lacks its venv module: on Debian or Ubuntu run apt install python3-venv."; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock | .venv/bin/python
	@echo "Cài các gói / installing packages …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python deploy/install_command.py
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
