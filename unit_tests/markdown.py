"""Reads Markdown: its headings, anchors, sections, and blocks of code."""

import re
from pathlib import Path
from textwrap import dedent


def read(path: Path) -> str:
    return path.read_text("utf-8")


def headings(text: str) -> list[str]:
    """The headings outside of code, in order."""
    return re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings(text))
    return {heading.replace(" ", "-") for heading in plain}


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    """The blocks of code in one language."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in found]


def commands(text: str) -> list[str]:
    """The commands in blocks of a console, without their output.

    A command begins with "$ ", and its further lines are indented.
    """
    found = []
    for block in blocks(text, "console"):
        found += re.findall(r"^\$ (.*(?:\n +.*)*)", block, re.MULTILINE)
    return found
