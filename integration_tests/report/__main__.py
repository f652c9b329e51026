"""Takes the pictures of the docs: `python -m integration_tests.report pipedrive-report.html`.

The report should be that of `make demo`, with rates for all currencies.
"""

from __future__ import annotations

from pathlib import Path

import click

from integration_tests.report.browser import ReportPage, running_browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, resolve_path=True))
def main(report: Path) -> None:
    """Take the pictures of REPORT, an HTML file."""
    with running_browser() as browser:
        light = ReportPage(browser, report, viewport={"width": 1120, "height": 1122})
        light.choose(pipeline=light.choices("pipeline")[1])
        light.page.screenshot(path=PICTURES / "report.png")

        size = {"width": 1120, "height": 955}
        dark = ReportPage(browser, report, viewport=size, color_scheme="dark")
        _scroll_to(dark, "section[aria-labelledby=title-forecast]")
        dark.page.screenshot(path=PICTURES / "report-dark.png")

        size = {"width": 390, "height": 844}
        phone = ReportPage(browser, report, viewport=size, device_scale_factor=1.5)
        phone.choose(pipeline=phone.choices("pipeline")[1])
        _scroll_to(phone, "#headlines")
        phone.page.screenshot(path=PICTURES / "report-phone.png")


def _scroll_to(page: ReportPage, selector: str) -> None:
    page.page.locator(selector).evaluate("element => element.scrollIntoView()")


if __name__ == "__main__":
    main()
