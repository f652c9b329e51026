"""Renders the page: one HTML file with styles, scripts, charts, and data."""

from datetime import datetime
from functools import cache
from importlib.resources import files

import altair as alt
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sales_report.charts import charts
from sales_report.contents import Contents
from sales_report.dimensions import label_of

_TERMS = {
    "Amounts": "In the currency that the headings name. Amounts in other currencies are converted "
    "by the rates that dbt was given, and left out if there is no rate.",
    "Open": "Not won or lost, and not archived.",
    "Weighted": "The value of a deal, multiplied by its chance to win: its own, else that of its "
    "stage if the pipeline has probabilities, else 100 %.",
    "Weighted by past conversion": "The value of a deal, multiplied by the share of the closed "
    "deals that were in its stage and were won.",
    "Won, lost": "By the month in which the deal was won or lost. Archived deals count.",
    "Win rate": "Won deals as a share of won and lost ones.",
    "Sales cycle": "The median of the whole days from creation to won.",
    "Previous period": "The months just before the chosen period, and as many.",
    "Entered": "Deals by the month in which they first entered the stage.",
    "Advanced": "Later entered a later stage of the same pipeline, or was won.",
    "Overdue": "Expected to close before this month.",
    "Rotten": "Open, and untouched for longer than its stage allows: no change, move, or finished "
    "activity.",
    "Owner": "Of a deal, its current owner, whoever owned it before.",
}


def render(contents: Contents) -> str:
    """Return the HTML."""
    environment = Environment(
        loader=PackageLoader("sales_report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    dimensions = contents.dimensions
    synced = [row["last_extracted_at"] for row in contents.streams if row["last_extracted_at"]]
    missing = [row["stream"] for row in contents.streams if not row["is_synced"]]
    page = contents.for_page() | {"charts": charts()}
    return environment.get_template("page.html").render(
        contents=page,
        css=_our_own("page.css"),
        script=_our_own("sums.js") + _our_own("page.js"),
        vega=_vega(),
        built_at=_moment(dimensions.built_at),
        last_extracted_at=_moment(max(synced)) if synced else None,
        missing=missing,
        lacks_history={"deal_changelog", "events"} <= set(missing),
        cut_off=label_of(dimensions.first_month) if dimensions.earlier_months_are_missing else None,
        has_deals=contents.has_deals,
        has_leads=contents.has_leads,
        terms=_TERMS,
    )


def _our_own(name: str) -> Markup:
    """Return a file of the package; nothing in it comes from the account."""
    return Markup(files("sales_report").joinpath("template", name).read_text("utf-8"))  # noqa: S704 - ours


@cache
def _vega() -> Markup:
    """Return Vega, Vega-Lite, and Vega-Embed as one script, which makes `vegaEmbed` global."""
    # the version that Altair writes the charts for
    version = alt.SCHEMA_VERSION.rpartition(".")[0]
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    # within HTML, this would end the script
    return Markup(script.replace("</script", r"<\/script"))  # noqa: S704 - a library


def _moment(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M}"
