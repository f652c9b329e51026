# A fresh machine needs Python 3.11 to 3.13 and make; everything else goes into .venv.

PYTHON  ?= $(shell for one in python3.11 python3.12 python3.13 python3; do \
             $$one -c '$(IS_SUPPORTED)' 2>/dev/null && command -v $$one && break; done || echo python3)
DEALS   ?= 2000
CONFIG  ?= secrets/config.json
DEST    ?= pipedrive.duckdb
STREAMS ?= suggested

BIN := .venv/bin
IS_SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
HAS_PYAIRBYTE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
# without DEST, the file of `make demo`
ANALYTICS_DEST := $(if $(filter file,$(origin DEST)),demo/pipedrive.duckdb,$(DEST))
# installs what an extra of setup.py names, without the package itself
REQUIREMENTS = $(BIN)/python -m demo.requirements
# installs packages into an environment, with a sign of life on a terminal
INSTALL = $(PYTHON) -m demo.install

.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: can-sync .venv/installed  ## sync a made-up account of DEALS deals into demo/pipedrive.duckdb
	@$(BIN)/python -m demo tour --deals $(DEALS)

demo-verify: can-sync .venv/installed  ## compare the tables of the last demo with its account; ARGS=--full for all rows
	@$(BIN)/python -m demo.verify $(ARGS)

demo-live: can-sync .venv/installed  ## edits in a made-up account, seconds later in DuckDB
	@$(BIN)/python -m demo.live --deals 500 --seconds 60

soak: can-sync .venv/installed  ## the same for half an hour, in a larger account
	@$(BIN)/python -m demo.live --deals 2000 --seconds 1800

sync: can-sync .venv/installed  ## sync the STREAMS of CONFIG into DEST, a DuckDB file or postgres://…
	@$(BIN)/python -m demo sync --config '$(CONFIG)' --dest '$(DEST)' --streams '$(STREAMS)'

analytics: can-sync .venv/dbt/installed  ## build the dbt models in DEST, or in demo/pipedrive.duckdb
	@$(BIN)/python -m demo analytics --dest '$(ANALYTICS_DEST)'

test: .venv/dbt/installed  ## lint, type-check and test, with coverage
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/pytest --cov -n 3 --dist loadfile --no-loadscope-reorder

dialects: .venv/dbt/installed  ## compile the dbt models for BigQuery and Snowflake, and parse the SQL
	@$(REQUIREMENTS) dbt-dialects | xargs .venv/dbt/bin/pip install --quiet --disable-pip-version-check
	$(BIN)/pytest integration_tests/analytics/dialects.py

torture: can-sync .venv/installed  ## 200 scenarios in which syncs meet random faults: no row may be lost
	$(BIN)/python -m integration_tests.torture --scenarios 200 --seed 1 --destinations 10

bench-report: .venv/installed  ## what 10 thousand to 3 million rows cost: a table, and growth.png
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks.growth --rows 10000 100000 1000000 3000000 --picture growth.png

format: .venv/installed  ## rewrite the code as ruff wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/installed  ## write the parts of the docs that are generated
	$(BIN)/python -m docs.generate

can-sync:
	@one=$$(command -v $(BIN)/python || echo $(PYTHON)); $$one -c '$(HAS_PYAIRBYTE)' 2>/dev/null || { \
	echo "make $(MAKECMDGOALS) requires Python 3.11 or 3.12, since PyAirbyte has no release for 3.13, but $$one is \
	$$($$one --version 2>/dev/null || echo missing). Install one of them, remove .venv if it is there, and run make again. \
	Or name it: make PYTHON=/usr/bin/python3.11 $(MAKECMDGOALS)"; exit 1; }

# What is left of an installation that failed is removed: nothing half-made is used later.
.venv/installed: setup.py pyproject.toml
	@$(PYTHON) -c '$(IS_SUPPORTED)' 2>/dev/null || { echo "Python 3.11, 3.12, or 3.13 is required, but $(PYTHON) is \
	$$($(PYTHON) --version 2>/dev/null || echo missing). Install one of them, or name it: make PYTHON=/usr/bin/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@rm -rf .venv
	@echo "Installing the connector and its tools into .venv: about 215 packages, 1 GB, one minute."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "The environment .venv cannot be created. If \
	the module venv or ensurepip is missing, install it, for example with: sudo apt install python3-venv"; exit 1; }
	@$(INSTALL) .venv -e '.[dev,sync]'
	@touch $@

.venv/dbt/installed: .venv/installed
	@rm -rf .venv/dbt
	@echo "Installing dbt into .venv/dbt: about 60 packages, 150 MB, half a minute."
	@$(PYTHON) -m venv .venv/dbt
	@$(REQUIREMENTS) dbt | xargs $(INSTALL) .venv/dbt
	@touch $@

.PHONY: help can-sync demo demo-verify demo-live soak sync analytics dialects test torture bench-report format docs
