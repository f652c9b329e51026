"""A Chromium that shows one file, without a network."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OPTIONS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def _executable() -> str:
    found = [path for path in map(shutil.which, _NAMES) if path]
    if not found:
        pytest.skip("Chromium is not installed: apt install chromium")
    return found[0]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start the Chromium that is installed; skip the tests if there is none."""
    executable = _executable()
    # Chromium refuses to run as root in its sandbox
    options = [*_OPTIONS, "--no-sandbox"] if os.geteuid() == 0 else _OPTIONS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=options)
        yield browser
        browser.close()


class ReportPage:
    """A report in the browser, as its reader sees it."""

    def __init__(self, browser: Browser, file: Path, **context: Any) -> None:
        self._context = browser.new_context(offline=True, **context)
        self.page: Page = self._context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(file.as_uri())
        self._wait()

    def close(self) -> None:
        self._context.close()

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        self.problems.append(message.text)

    def choose(self, **filters: str) -> None:
        """Choose the texts of filters, as `owner="Ada"`."""
        for name, text in filters.items():
            self.page.evaluate("delete document.body.dataset.shown")
            self.page.select_option(f"select[name={name}]", label=text)
            self._wait()

    def choices(self, name: str) -> list[str]:
        return self.page.locator(f"select[name={name}] option").all_text_contents()

    def headlines(self) -> dict[str, str]:
        terms = self.page.locator("#headlines dt").all_text_contents()
        values = self.page.locator("#headlines dd:not(.muted)").all_text_contents()
        return dict(zip(terms, values, strict=True))

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a table with their headers, without the line of totals."""
        lines: list[list[str]] = self.page.evaluate(
            "name => [...document.querySelectorAll(`#table-${name} :is(thead, tbody) tr`)]"
            ".map(line => [...line.cells].map(cell => cell.textContent))",
            name,
        )
        if not lines:
            return []
        header, *rows = lines
        return [dict(zip(header, row, strict=True)) for row in rows]

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def marks(self, chart: str) -> int:
        """Return how many bars, points, or cells a chart has."""
        return self.page.locator(
            f"#chart-{chart} svg .mark-rect path, #chart-{chart} svg .mark-symbol path"
        ).count()

    def _wait(self) -> None:
        self.page.wait_for_selector("body[data-shown]", timeout=20_000)


def number(text: str) -> float:
    """Return the number of a text such as `€1,234`, `51.2%`, or `13 d`."""
    return float("".join(one for one in text if one in "0123456789.-"))
