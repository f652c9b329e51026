"""The charts of the page, as Vega-Lite specifications. The browser adds the rows.

Colors are CSS variables, so that dark mode and print need no other charts. `UNIT` stands for the
currency that the reader chose.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

UNIT = "{unit}"

#: The field with the name of a bar, point, or row.
_LABEL = "label"
_COUNT, _AMOUNT, _SHARE = ",.0f", ",.0f", ".1%"
#: D3 writes 2G where people write 2B.
_SHORT_AMOUNT = alt.Axis(labelExpr="replace(format(datum.value, '~s'), 'G', 'B')", tickCount=5)
_LABELS = alt.Axis(ticks=False, domain=False)
#: On a phone, the pipeline and the stage are below each other.
_STAGE_LABELS = alt.Axis(
    ticks=False,
    domain=False,
    labelExpr="width < 300 ? split(datum.label, ': ') : datum.label",
    labelFontSize={"expr": "width < 300 ? 11 : 12"},
)

_CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelColor": "var(--text)",
        "titleColor": "var(--muted)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": "var(--text)",
        "labelFontSize": 12,
        "labelLimit": 260,
        "symbolType": "square",
    },
    "text": {"color": "var(--text)", "fontSize": 11},
}

Series = Mapping[str, str]
"""Field of a row -> title in the legend."""


def charts() -> dict[str, dict[str, Any]]:
    """Return the specifications by the names that the template and the script use."""
    made = {
        "stages": _lying_bars(
            {"value": "Open value", "weighted": "Weighted"},
            f"Value of open deals by stage, in {UNIT}",
            _STAGE_LABELS,
        ),
        "funnel": _funnel(),
        "won": _standing_bars(
            {"won_value": "Won"}, f"Value of won deals by month, in {UNIT}", _AMOUNT
        ),
        "win_rate": _line("win_rate", "Win rate by month", "Win rate", ".0%", _SHARE),
        "cycle": _line(
            "cycle", "Days to win by month", "Days from creation to won (median)", ",.0f", _COUNT
        ),
        "forecast": _standing_bars(
            {"weighted": "Weighted", "historic": "Weighted by past conversion"},
            f"Forecast by month of expected close, in {UNIT}",
            _AMOUNT,
        ),
        "owners": _lying_bars(
            {"won_value": "Won in the period", "weighted": "Open, weighted"},
            f"Won and open value by owner, in {UNIT}",
        ),
        "activities": _heat_map(),
        "leads": _stacked_bars(
            {"converted": "Converted", "still_open": "Open", "archived": "Archived"},
            "Leads by month of creation and what became of them",
        ),
    }
    return {name: _finished(chart) for name, chart in made.items()}


def _finished(chart: Any) -> dict[str, Any]:
    # the rows are the browser's
    spec: dict[str, Any] = chart.to_dict(validate=True)
    del spec["data"], spec["datasets"]
    return spec | {"config": _CONFIG}


def _rows() -> alt.InlineData:
    return alt.InlineData(values=[])


def _colors(series: Series) -> alt.Color:
    scale = alt.Scale(
        domain=list(series.values()),
        range=[f"var(--series-{number})" for number in range(1, len(series) + 1)],
    )
    return alt.Color("series:N", scale=scale, legend=None if len(series) == 1 else alt.Legend())


def _folded(series: Series, description: str, mark: dict[str, Any]) -> Any:
    """Return bars of several fields of a row, each field a series with a name."""
    names = ", ".join(f"{field}: '{title}'" for field, title in series.items())
    return (
        alt.Chart(_rows(), width="container", description=description)
        .transform_fold(list(series), as_=["field", "number"])
        .transform_calculate(series=f"{{{names}}}[datum.field]")
        .mark_bar(**mark)
    )


def _tooltip(number_format: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{_LABEL}:N", title=" "),
        alt.Tooltip("series:N", title="What"),
        alt.Tooltip("number:Q", title="Number", format=number_format),
    ]


def _lying_bars(series: Series, description: str, axis: alt.Axis = _LABELS) -> Any:
    """Return bars from left to right, one group per row."""
    bars = _folded(series, description, {"cornerRadiusEnd": 2})
    return bars.encode(
        y=alt.Y(f"{_LABEL}:N", sort=None, title=None, axis=axis),
        yOffset=alt.YOffset("series:N", sort=list(series.values())),
        x=alt.X("number:Q", title=UNIT, axis=_SHORT_AMOUNT),
        color=_colors(series),
        tooltip=_tooltip(_AMOUNT),
    ).properties(height=alt.Step(26))


def _standing_bars(series: Series, description: str, number_format: str) -> Any:
    """Return bars from bottom to top, one group per month."""
    bars = _folded(series, description, {"cornerRadiusEnd": 2})
    return bars.encode(
        x=_months(),
        xOffset=alt.XOffset("series:N", sort=list(series.values())),
        y=alt.Y("number:Q", title=UNIT, axis=_SHORT_AMOUNT),
        color=_colors(series),
        tooltip=_tooltip(number_format),
    ).properties(height=220)


def _stacked_bars(series: Series, description: str) -> Any:
    order = "indexof([" + ", ".join(f"'{title}'" for title in series.values()) + "], datum.series)"
    bars = _folded(series, description, {}).transform_calculate(order=order)
    return bars.encode(
        x=_months(),
        y=alt.Y("number:Q", title="Leads", axis=alt.Axis(tickMinStep=1, tickCount=5)),
        color=_colors(series),
        order=alt.Order("order:Q"),
        tooltip=_tooltip(_COUNT),
    ).properties(height=220)


def _months() -> alt.X:
    axis = alt.Axis(
        labelExpr="split(datum.label, ' ')",
        labelAngle=0,
        labelOverlap="parity",
        labelPadding=6,
        grid=False,
        ticks=False,
    )
    return alt.X(f"{_LABEL}:N", sort=None, title=None, axis=axis)


def _line(field: str, description: str, title: str, axis_format: str, number_format: str) -> Any:
    """Return a line that has a gap where there is nothing to divide by."""
    line = alt.Chart(_rows(), width="container", description=description).mark_line(
        point={"filled": True, "size": 45, "color": "var(--series-1)"}, color="var(--series-1)"
    )
    return line.encode(
        x=_months(),
        y=alt.Y(
            f"{field}:Q",
            title=None,
            scale=alt.Scale(zero=True),
            axis=alt.Axis(format=axis_format, tickCount=5),
        ),
        tooltip=[
            alt.Tooltip(f"{_LABEL}:N", title="Month"),
            alt.Tooltip(f"{field}:Q", title=title, format=number_format),
        ],
    ).properties(height=180)


def _funnel() -> Any:
    """Return bars of the deals that entered a stage, with the share that advanced."""
    series = {"entered": "Entered", "advanced": "Advanced or won"}
    bars = _folded(series, "Deals that entered each stage, and that advanced", {}).encode(
        y=alt.Y(f"{_LABEL}:N", sort=None, title=None, axis=_STAGE_LABELS),
        yOffset=alt.YOffset("series:N", sort=list(series.values())),
        x=alt.X("number:Q", title="Deals", axis=alt.Axis(tickMinStep=1, tickCount=5)),
        color=_colors(series),
        tooltip=_tooltip(_COUNT),
    )
    shares = (
        bars.transform_filter("datum.field == 'advanced' && datum.entered > 0")
        .transform_calculate(share="format(datum.conversion, '.0%')")
        .mark_text(align="left", dx=4)
        .encode(text="share:N", color=alt.value("var(--text)"))
    )
    return alt.layer(bars, shares).properties(
        width="container", height=alt.Step(26), description="Deals by stage, and their conversion"
    )


def _heat_map() -> Any:
    """Return a cell per owner and month; the number is in it where there is room."""
    cells = alt.Chart(_rows()).encode(
        x=_months(),
        y=alt.Y("owner:N", sort=None, title=None, axis=_LABELS),
        tooltip=[
            alt.Tooltip("owner:N", title="Owner"),
            alt.Tooltip(f"{_LABEL}:N", title="Month"),
            alt.Tooltip("activities:Q", title="Activities done", format=_COUNT),
        ],
    )
    rectangles = cells.mark_rect(color="var(--series-1)").encode(
        fillOpacity=alt.FillOpacity(
            "activities:Q", legend=None, scale=alt.Scale(domainMin=0, range=[0, 0.65])
        )
    )
    numbers = cells.mark_text().encode(
        text=alt.Text("activities:Q", format=_COUNT),
        opacity=alt.condition("bandwidth('x') > 22", alt.value(1), alt.value(0)),
    )
    return alt.layer(rectangles, numbers).properties(
        width="container",
        height=alt.Step(26),
        description="Activities that were done, by owner and month",
    )
