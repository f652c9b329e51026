"""Prints the requirements of an extra of the package: `python -m demo.requirements dbt`.

dbt is installed without the connector, into an environment of its own.
"""

import sys
from importlib.metadata import requires

from packaging.requirements import Requirement


def of_extra(name: str) -> list[str]:
    """Return the requirements that only the extra `name` adds."""
    return [
        f"{one.name}{one.specifier}"
        for one in map(Requirement, requires("source-pipedrive") or [])
        if one.marker and one.marker.evaluate({"extra": name}) and "extra" in str(one.marker)
    ]


if __name__ == "__main__":
    print(*of_extra(sys.argv[1]), sep="\n")
