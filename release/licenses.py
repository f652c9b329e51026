"""Compares the licenses of packages with those that are allowed. `make sbom` runs it.

Reads what `pip-licenses --from=all --format=json` prints.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

# Permissive licenses, and those that ask only for changes of the package itself.
ALLOWED = {
    "0BSD",
    "3-Clause BSD License",
    "Apache Software License",
    "Apache-2.0",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "ISC License (ISCL)",
    "LGPL-3.0-only",
    "MIT",
    "MIT License",
    "MIT-0",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Zlib",
}
# Packages whose license is not allowed, and why they are there all the same.
EXCEPTIONS = {
    ("Unidecode", "GNU General Public License v2 or later (GPLv2+)"): (
        "airbyte-cdk requires it. The connector never imports it."
    ),
}
_UNKNOWN = "UNKNOWN"
_JOINED = re.compile(r" AND | OR |; ")


def license_of(package: Mapping[str, str]) -> str:
    """Return what a package says of its license: an SPDX expression if it can."""
    for source in ("License-Expression", "License-Classifier", "License-Metadata"):
        if (text := package[source].strip()) != _UNKNOWN:
            # some give the whole text of the license
            return text.partition("\n")[0]
    return _UNKNOWN


def problems(packages: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield a sentence for each package whose license is not allowed."""
    for package in packages:
        given = license_of(package)
        parts = {part if part in ALLOWED else part.strip("()") for part in _JOINED.split(given)}
        is_exception = (package["Name"], given) in EXCEPTIONS
        if not parts <= ALLOWED and not is_exception:
            yield (
                f"{package['Name']} {package['Version']} has the license {given!r}, which is not "
                "among those allowed in release/licenses.py. Do without the package, or allow it "
                "there, with the reason."
            )


def main() -> None:
    """Print how many packages have which license, and exit with 1 if one is not allowed."""
    packages = json.load(sys.stdin)
    for name, count in Counter(license_of(package) for package in packages).most_common():
        print(f"{count:4}  {name}")
    if found := list(problems(packages)):
        print(*found, sep="\n", file=sys.stderr)
        sys.exit(1)
    print(f"The licenses of all {len(packages)} packages are allowed.")
    for (name, _), reason in EXCEPTIONS.items():
        print(f"Exception: {name}. {reason}")


if __name__ == "__main__":
    main()
