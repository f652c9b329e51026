"""`docs/links.md` lists every page on the internet that the project refers to, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

from unit_tests.markdown import read

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "links.md"
# tests contain made-up addresses
FOLDERS = (
    ".github",
    "benchmarks",
    "dbt_pipedrive",
    "demo",
    "docs",
    "pipedrive_sandbox",
    "release",
    "sales_report",
    "source_pipedrive",
)
MADE_BY_TOOLS = {".airbyte", "dbt_packages", "logs", "target"}
KINDS = {".cfg", ".md", ".py", ".sql", ".toml", ".yaml", ".yml"}
LINK = re.compile(r"https?://[^\s\"'`<>()\[\]{}|\\,…]+")
NO_PAGES = re.compile(
    r"""https?://(
        [\d.]+ | localhost                               # this machine
        | [\w.-]*\bexample(\.\w+)?                       # made up
        | (api|oauth|company|yourcompany)\.pipedrive\.com  # an API, which is no page
        | json-schema\.org                               # a name
    )([:/?]|$)
    | https://github\.com/OWNER/                         # this repository, wherever it is
    | https://developers\.pipedrive\.com/docs/api/v1/(?!openapi)  # the operations""",
    re.VERBOSE,
)


def files() -> Iterator[Path]:
    yield from (ROOT / name for name in ("Dockerfile", "Makefile"))
    for folder in (ROOT, *(ROOT / name for name in FOLDERS)):
        found = folder.glob("*") if folder == ROOT else folder.rglob("*")
        for file in found:
            is_ours = MADE_BY_TOOLS.isdisjoint(file.relative_to(ROOT).parts)
            if is_ours and file.is_file() and file.suffix in KINDS and file != LIST:
                yield file


def links(text: str) -> set[str]:
    """The pages that a text refers to, without anchors; an address with a placeholder is none."""
    found = [
        link[0].rstrip(".:;*")
        for link in LINK.finditer(text)
        if text[link.end() : link.end() + 1] not in {"{", "…"}
    ]
    return {link.partition("#")[0] for link in found if not NO_PAGES.match(link)}


def test_the_list_has_every_link() -> None:
    used: dict[str, str] = {}
    for file in files():
        used |= dict.fromkeys(links(read(file)), file.relative_to(ROOT).as_posix())
    listed = re.findall(r"^\| <([^\s#]+)\S*> \| \S", read(LIST), re.MULTILINE)

    assert len(listed) == len(set(listed))
    assert {link: file for link, file in used.items() if link not in listed} == {}
    assert set(listed) - used.keys() == set()
