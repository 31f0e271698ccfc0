# Two commands for a reader: `make synth` and `make test`. Both set up what they need, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup synth test test-cluster check coverage bench clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(VENV)/.ready ## Make the virtual environment with everything the project needs

$(VENV)/.ready: pyproject.toml $(wildcard packaging/*)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[node]' --group dev
	touch $@

node_modules/.ready: $(VENV)/.ready package.json package-lock.json
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-audit --no-fund --loglevel=error
	touch $@

# The command line deletes its output directory before it runs the app, so it writes beside dist/, which is replaced
# only when everything went well.
synth: node_modules/.ready ## Write the examples' YAML to dist/ with the real `cdk8s synth`
	@rm -rf dist.new
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/node node_modules/.bin/cdk8s synth --no-check-upgrade --output dist.new || { rm -rf dist.new; exit 1; }
	@rm -rf dist && mv dist.new dist && echo "dist/ is up to date"

# Exact versions, and no lock of all that stands behind them: nothing of it is shipped.
tests/node/node_modules/.ready: $(VENV)/.ready tests/node/package.json
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm install --prefix tests/node --no-package-lock --no-audit --no-fund --loglevel=error
	touch $@

test: $(VENV)/.ready tests/node/node_modules/.ready ## Run all tests
	$(BIN)/python -m pytest -n auto

test-cluster: $(VENV)/.ready ## Hold examples and presets against the cluster of KUBECONFIG
	$(BIN)/python tools/cluster_test.py

check: $(VENV)/.ready ## Types, lint, layers, coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(MAKE) coverage

coverage: $(VENV)/.ready tests/node/node_modules/.ready ## Run all tests under coverage and print the figure
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report --skip-covered --skip-empty

bench: $(VENV)/.ready ## Print the benchmark's figures, one JSON line each
	$(BIN)/python -m benchmarks

clean: ## Remove everything that the commands made
	rm -rf $(VENV) node_modules tests/node/node_modules dist dist.new
