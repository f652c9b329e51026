# A fresh machine needs Python 3.11 and make; everything else goes into .venv.

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
DEALS   ?= 2000
CONFIG  ?= secrets/config.json
DEST    ?= pipedrive.duckdb
STREAMS ?= suggested

BIN := .venv/bin

.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: .venv/installed  ## sync a made-up account of DEALS deals into demo/pipedrive.duckdb
	@$(BIN)/python -m demo tour --deals $(DEALS)

demo-verify: .venv/installed  ## compare the tables of the last demo with its account; ARGS=--full for all rows
	@$(BIN)/python -m demo.verify $(ARGS)

demo-live: .venv/installed  ## edits in a made-up account, seconds later in DuckDB
	@$(BIN)/python -m demo.live --deals 500 --seconds 60

sync: .venv/installed  ## sync the STREAMS of CONFIG into DEST, a DuckDB file or postgres://…
	@$(BIN)/python -m demo sync --config '$(CONFIG)' --dest '$(DEST)' --streams '$(STREAMS)'

test: .venv/installed  ## lint, type-check and test, with coverage
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/pytest --cov -n 3 --dist loadfile --no-loadscope-reorder

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

.PHONY: help demo demo-verify demo-live sync test torture bench-report format docs
