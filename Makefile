# A fresh machine needs Python 3.11 and make; everything else goes into .venv.

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
DEALS   ?= 2000
CONFIG  ?= secrets/config.json
DEST    ?= pipedrive.duckdb
STREAMS ?= suggested

BIN := .venv/bin
# without DEST, the file of `make demo`
ANALYTICS_DEST := $(if $(filter file,$(origin DEST)),demo/pipedrive.duckdb,$(DEST))
# installs what an extra of setup.py names, without the package itself
REQUIREMENTS = $(BIN)/python -m demo.requirements

.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: .venv/installed  ## sync a made-up account of DEALS deals into demo/pipedrive.duckdb
	@$(BIN)/python -m demo tour --deals $(DEALS)

demo-live: .venv/installed  ## edits in a made-up account, seconds later in DuckDB
	@$(BIN)/python -m demo.live --deals 500 --seconds 60

sync: .venv/installed  ## sync the STREAMS of CONFIG into DEST, a DuckDB file or postgres://…
	@$(BIN)/python -m demo sync --config '$(CONFIG)' --dest '$(DEST)' --streams '$(STREAMS)'

analytics: .venv/dbt/installed  ## build the dbt models in DEST, or in demo/pipedrive.duckdb
	@$(BIN)/python -m demo analytics --dest '$(ANALYTICS_DEST)'

test: .venv/dbt/installed  ## lint, type-check and test, with coverage
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/pytest --cov -n 3 --dist loadfile --no-loadscope-reorder

dialects: .venv/dbt/installed  ## compile the dbt models for BigQuery and Snowflake, and parse the SQL
	@$(REQUIREMENTS) dbt-dialects | xargs .venv/dbt/bin/pip install --quiet --disable-pip-version-check
	$(BIN)/pytest integration_tests/analytics/test_dialects.py

torture: .venv/installed  ## 200 scenarios in which syncs meet random faults: no row may be lost
	$(BIN)/python -m integration_tests.torture --scenarios 200 --seed 1 --destinations 10

bench-report: .venv/installed  ## what 10 thousand to 3 million rows cost: a table, and growth.png
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks.growth --rows 10000 100000 1000000 3000000 --picture growth.png

format: .venv/installed  ## rewrite the code as ruff wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/installed  ## write the parts of the docs that are generated
	$(BIN)/python -m docs.generate

.venv/installed: setup.py pyproject.toml
	$(PYTHON) -m venv --upgrade-deps .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,sync]'
	@touch $@

.venv/dbt/installed: .venv/installed
	$(PYTHON) -m venv --upgrade-deps .venv/dbt
	@$(REQUIREMENTS) dbt | xargs .venv/dbt/bin/pip install --quiet --disable-pip-version-check
	@touch $@

.PHONY: help demo demo-live sync analytics dialects test torture bench-report format docs
