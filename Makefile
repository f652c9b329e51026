# A fresh machine needs Python 3.11 to 3.13 and make; everything else goes into .venv.

PYTHON  ?= $(shell for one in python3.11 python3.12 python3.13 python3; do \
             $$one -c '$(IS_SUPPORTED)' 2>/dev/null && command -v $$one && break; done || echo python3)
DEALS   ?= 2000
CONFIG  ?= secrets/config.json
DEST    ?= pipedrive.duckdb
STREAMS ?= suggested
REPORT  ?= pipedrive-report.html

BIN := .venv/bin
IS_SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
HAS_PYAIRBYTE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
# without DEST, the file of `make demo`
ANALYTICS_DEST := $(if $(filter file,$(origin DEST)),demo/pipedrive.duckdb,$(DEST))
# installs what an extra of setup.py names, without the package itself
REQUIREMENTS = $(BIN)/python -m demo.requirements
# installs packages into an environment, with a sign of life on a terminal
INSTALL = $(PYTHON) -m demo.install
RELEASE := .venv/release/bin
LOCK = $(RELEASE)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'
# an environment that is only looked at, with the packages for the Python of the base image
IN_THE_IMAGE = --quiet --python .venv/locked --python-version 3.13
NEEDS_VERSION = test -n '$(VERSION)' || { echo "Name the next version, for example: make $@ VERSION=0.2.0"; exit 1; }
CURRENT_VERSION = $(shell sed -n 's/^  dockerImageTag: //p' metadata.yaml)

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
	@$(BIN)/python -m demo analytics --dest '$(ANALYTICS_DEST)' --rates '$(RATES)'

report: analytics .venv/report-installed  ## a sales report of DEST, or of the demo: one HTML file that opens offline
	@$(BIN)/python -m sales_report --dest '$(ANALYTICS_DEST)' --output '$(REPORT)'

test: .venv/dbt/installed .venv/report-installed .venv/browser-installed  ## lint, type-check, and test; ARGS=--cov for coverage
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@if $(BIN)/python -c '$(HAS_PYAIRBYTE)'; then echo $(BIN)/mypy; $(BIN)/mypy; \
	else echo "Types are not checked on Python 3.13: PyAirbyte, whose types are needed, has no release for it."; fi
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

dialects: .venv/dbt/installed  ## compile the dbt models for BigQuery and Snowflake, and parse the SQL
	@$(REQUIREMENTS) dbt-dialects | xargs .venv/dbt/bin/pip install --quiet --disable-pip-version-check
	$(BIN)/pytest integration_tests/analytics/dialects.py

torture: can-sync .venv/installed  ## 200 scenarios in which syncs meet random faults: no row may be lost
	$(BIN)/python -m integration_tests.torture --scenarios 200 --seed 1 --destinations 10

bench-report: .venv/bench-installed  ## what 10 thousand to 3 million rows cost: a table, and growth.png
	$(BIN)/python -m benchmarks.growth --rows 10000 100000 1000000 3000000 --picture growth.png

lock: .venv/release/installed  ## choose the versions in the image; ARGS=--upgrade for the newest
	@$(LOCK) $(ARGS) --extra inbox setup.py --output-file requirements.lock
	@$(LOCK) $(ARGS) --extra webhooks --constraint requirements.lock \
	$$(sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' requirements.lock) setup.py --output-file requirements-webhooks.lock

image-check: .venv/installed  ## build the images, run every verb in them, and show their sizes
	@$(BIN)/python -m release.image_check $(ARGS)

sbom: .venv/release/installed  ## list the packages in the image in dist/sbom.json, and check their licenses
	@mkdir -p dist
	@$(RELEASE)/uv venv --quiet --clear --python $(BIN)/python .venv/locked
	@$(RELEASE)/uv pip sync $(IN_THE_IMAGE) --require-hashes --no-build requirements.lock requirements-webhooks.lock
	@$(RELEASE)/uv pip install $(IN_THE_IMAGE) --no-deps .
	@$(RELEASE)/uv pip check $(IN_THE_IMAGE)
	@$(RELEASE)/cyclonedx-py environment --output-reproducible --output-file dist/sbom.json .venv/locked
	@$(RELEASE)/pip-licenses --python .venv/locked/bin/python --from all --format json | $(BIN)/python -m release.licenses

workflows: .venv/release/installed  ## check the workflows of GitHub
	@$(RELEASE)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(RELEASE)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(RELEASE)/zizmor --offline --quiet --pedantic .github

airbyte-test: .venv/airbyte/installed  ## run `airbyte-cdk connector test` against a made-up account
	@$(BIN)/python -m integration_tests.airbyte_cli

dist: .venv/release/installed  ## build wheel and source distribution
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(RELEASE)/uv build --quiet --out-dir dist

version: .venv/release/installed  ## write VERSION, the next version, wherever it stands
	@$(NEEDS_VERSION)
	@$(RELEASE)/bump-my-version bump --current-version '$(CURRENT_VERSION)' --new-version '$(VERSION)'

release: .venv/installed  ## check that VERSION is ready, and tag it
	@$(NEEDS_VERSION)
	@$(BIN)/python -m release.tag '$(VERSION)'

format: .venv/installed  ## rewrite the code as ruff wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/installed  ## write the parts of the docs that are generated
	$(BIN)/python -m docs.generate

links: .venv/links-installed  ## request every page on the internet that the project refers to
	$(BIN)/lychee docs/links.md docs/columns.md

pictures: can-sync .venv/bench-installed  ## draw the pictures of the docs anew, in six minutes
	$(BIN)/python -m docs.pictures tokens
	$(BIN)/python -m docs.pictures demo

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

.venv/release/installed: .venv/installed
	@rm -rf .venv/release
	@echo "Installing the tools of a release into .venv/release: 150 MB, half a minute."
	@$(PYTHON) -m venv .venv/release
	@$(REQUIREMENTS) release | xargs $(INSTALL) .venv/release
	@touch $@

# The CDK requires an older pytest than the tests.
.venv/airbyte/installed: .venv/release/installed requirements.lock
	@$(RELEASE)/uv venv --quiet --clear --python $(BIN)/python .venv/airbyte
	@$(RELEASE)/uv pip install --quiet --python .venv/airbyte --constraint requirements.lock --editable . 'airbyte-cdk[dev]'
	@touch $@

# What only some commands need. Playwright drives a Chromium that is installed already: its own would
# have to be downloaded.
.venv/%-installed: .venv/installed
	@echo "Installing the extra $* into .venv: up to 170 MB, ten seconds."
	@$(REQUIREMENTS) $* | xargs $(BIN)/pip install --quiet --disable-pip-version-check 2>.venv/log || { cat .venv/log; \
	echo "The installation failed. See the error above, then run make again."; exit 1; }
	@touch $@

.PHONY: help can-sync demo demo-verify demo-live soak sync analytics report dialects test torture bench-report format
.PHONY: docs links pictures lock image-check sbom airbyte-test workflows dist version release
