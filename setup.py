"""The one definition of the package: name, version, dependencies, command."""

from setuptools import find_packages, setup

SANDBOX = [
    "aiohttp>=3.11",
    "faker>=30",
    "httptools>=0.6.3",
    "orjson>=3.10.11",
    "starlette>=0.46",
    "urllib3>=2.2",
    "uvicorn>=0.34",
    "uvloop>=0.21; sys_platform != 'win32'",
]

# The receiver; `read` wants it too where `webhook_inbox` is configured.
WEBHOOKS = [
    "airbyte-api>=0.53",
    "backoff>=2.2",
    "click>=8.1",
    "prometheus-client>=0.21",
    "psycopg[binary]>=3.2",
    "sqlalchemy>=2.0.40",
    "starlette>=0.46",
    "urllib3>=2.2",
    "uvicorn>=0.34",
]

# PyAirbyte has no release for Python 3.13 yet.
SYNC = [
    "airbyte==0.71.3; python_version < '3.13'",
    "click>=8.1",
    "pyyaml>=6.0.2",
    "requests>=2.32",
    "rich>=13.7",
    "sqlalchemy>=2.0.40",
    "uvicorn>=0.34",
]

# `verify` compares a warehouse with the account.
VERIFY = [
    "duckdb>=1.4.3",
    "duckdb-engine>=0.17",
    "psycopg[binary]>=3.2",
    "scipy>=1.13",
    "sqlalchemy>=2.0.40",
]

# Linters are pinned: a new rule should arrive as a change of its own, not as a red build.
DEV = [
    "airbyte-connector-models>=0.1.12; python_version < '3.13'",
    "coverage>=7.10.6",
    "hypothesis>=6.130",
    "jinja2>=3.1",
    "mypy==2.4.1",
    "pytest>=8.4",
    "pytest-cov>=7",
    "pytest-xdist>=3.6",
    "requests-mock>=1.12.1",
    "rfc3339-validator>=0.1.4",
    "ruff==0.17.6",
    "types-jsonschema>=4.23",
    "types-pyyaml>=6.0.12",
    "types-requests>=2.32",
    "types-setuptools>=80.9",
]

setup(
    name="source-pipedrive",
    version="0.1.0",
    description="Airbyte source for Pipedrive: copies a CRM account into a warehouse.",
    license="MIT",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["source_pipedrive*"]),
    package_data={"source_pipedrive": ["*.yaml", "api/*.yaml", "schemas/**/*.json"]},
    entry_points={"console_scripts": ["source-pipedrive = source_pipedrive.run:run"]},
    install_requires=[
        "airbyte-cdk>=7.39.1,<7.40",
        "airbyte-protocol-models-dataclasses>=0.17",
        "anyascii>=0.3.2",
        "attributes-doc>=0.4",
        "isodate>=0.6.1",
        "jsonschema>=4.17",
        "orjson>=3.10.11",
        "pendulum>=3.0",
        "pyyaml>=6.0.2",
        "requests>=2.32",
        "rich>=13.7",
        "rich-click>=1.8.5",
        # older versions decompress a piece of a body as a whole, however large it becomes
        "urllib3>=2.6",
    ],
    extras_require={
        "webhooks": WEBHOOKS,
        "sandbox": SANDBOX,
        "sync": SYNC,
        "verify": VERIFY,
        "bench": ["matplotlib>=3.9"],
        "dev": WEBHOOKS + SANDBOX + VERIFY + DEV,
    },
)
