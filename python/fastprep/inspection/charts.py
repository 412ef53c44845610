"""The charts of an inspection as SVG, drawn by altair and vl-convert. Text and axes take the colour of the page."""

from __future__ import annotations

from typing import Any

from fastprep.inspection.shown import percent, visible
from fastprep.optional_packages import require

WIDTH = 340
"""Pixels of a chart with its labels: it fits a telephone of 390 pixels, where the page has margins."""
LABEL_WIDTH = 150
"""Pixels of the longest name that is not cut; the table below a chart has the whole name."""
INK = "currentColor"
BAR = "#2f7ebc"
POINTS = ("p5", "p50", "p95", "p99", "max")


def shares(findings: list[dict[str, Any]]) -> str:
    """The share of the rows in which each finding is, on a scale up to 100 %."""
    rows = [
        {"name": finding["code"], "value": finding["share"] * 100, "shown": percent(finding["share"])}
        for finding in findings
    ]
    return _bars(rows, "rows (%)", [0, 50, 100])


def classes(classes: dict[str, Any]) -> str:
    """The rows of the largest classes."""
    return counts([(visible(entry["class"]), entry["rows"]) for entry in classes["largest"]])


def groups(rows: list[list[Any]]) -> str:
    """The rows of each value: the table of `groups.table`."""
    return counts([(value, count) for value, count, *_ in rows if count])


def lengths(characters: dict[str, Any]) -> str:
    """For prompts and answers: a bar from the 5th to the 95th percentile, the median as a dot, and the longest text."""
    check_packages()
    import altair as alt

    rows = [{"name": name, **{point: max(1, entry[point]) for point in POINTS}} for name, entry in characters.items()]
    name = alt.Y("name:N", sort=None, title=None)
    base = alt.Chart(alt.InlineData(values=rows))
    scale = alt.Scale(type="log", nice=False)
    axis = alt.Axis(tickCount=5, labelOverlap="greedy", labelSeparation=6)
    longest = alt.X("max:Q", scale=scale, title="characters", axis=axis)
    most = base.mark_tick(color=INK, thickness=2).encode(y=name, x=longest)
    middle = base.mark_rule(color=BAR, strokeWidth=8).encode(y=name, x=alt.X("p5:Q", scale=scale), x2="p95:Q")
    median = base.mark_point(color=INK, filled=True, size=70, opacity=1).encode(y=name, x=alt.X("p50:Q", scale=scale))
    return _svg(alt.layer(middle, median, most).properties(height={"step": 34}))


def histogram(bins: list[dict[str, int]], unit: str) -> str:
    """How many texts have which length, in bins that grow with it."""
    check_packages()
    import altair as alt

    rows = [{"from": f"{each['from']:,}", "count": each["count"]} for each in bins]
    chart = alt.Chart(alt.InlineData(values=rows)).mark_bar(color=BAR)
    axis = alt.Axis(labelOverlap="greedy", labelSeparation=6, labelAngle=0)
    chart = chart.encode(
        x=alt.X("from:O", sort=None, title=f"{unit}, from", axis=axis), y=alt.Y("count:Q", title="rows")
    )
    return _svg(chart.properties(height=120))


def counts(named: list[tuple[str, int]]) -> str:
    """A bar for each name and its number of rows."""
    rows = [{"name": name, "value": count, "shown": f"{count:,}"} for name, count in named]
    return _bars(rows, "rows", [0, max((count for _, count in named), default=1)])


def _bars(rows: list[dict[str, Any]], title: str, ticks: list[int]) -> str:
    """A bar for each row, and its number beside it: a small share has a bar that nobody sees."""
    check_packages()
    import altair as alt

    name = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABEL_WIDTH))
    # A third more than the longest bar is the room for its number.
    scale = alt.Scale(domain=[0, ticks[-1] * 1.33], nice=False)
    axis = alt.Axis(values=ticks, format=",d", grid=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=name)
    bars = base.mark_bar(color=BAR, minBandSize=2).encode(x=alt.X("value:Q", title=title, scale=scale, axis=axis))
    numbers = base.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(x="value:Q", text="shown:N")
    return _svg(alt.layer(bars, numbers).properties(height={"step": 20}))


def check_packages() -> None:
    """Raises unless the packages that draw are installed.

    Raises:
        ModuleNotFoundError: with the extra to install.
    """
    for package in ("altair", "vl_convert"):
        require(package, "report", "a page with charts")


def _svg(chart: Any) -> str:
    import vl_convert

    axis: dict[str, Any] = {f"{part}Color": INK for part in ("label", "title", "tick", "domain", "grid")}
    axis |= {"gridOpacity": 0.15, "labelFontSize": 12, "titleFontSize": 12}
    # The last label of an axis reaches beyond it.
    padding = {"left": 2, "right": 18, "top": 4, "bottom": 2}
    chart = chart.properties(width=WIDTH, autosize={"type": "fit-x", "contains": "padding"}, padding=padding)
    chart = chart.configure(background="transparent", view={"stroke": None}, axis=axis, font="sans-serif")
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return svg
