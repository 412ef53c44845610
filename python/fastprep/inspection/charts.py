"""The charts of an inspection as SVG, drawn by altair and vl-convert. Text and axes take the colour of the page."""

from __future__ import annotations

from typing import Any

from fastprep.inspection.shown import visible
from fastprep.optional_packages import require

WIDTH = 440
"""Pixels; the page scales a chart down to its own width."""
INK = "currentColor"
BAR = "#2f7ebc"
POINTS = ("p5", "p50", "p95", "p99", "max")


def shares(findings: list[dict[str, Any]]) -> str:
    """The share of the rows in which each finding is, on a scale up to 100 %."""
    rows = [{"name": finding["code"], "value": finding["share"] * 100} for finding in findings]
    return _bars(rows, "rows (%)", [0, 100])


def classes(classes: dict[str, Any]) -> str:
    """The rows of the largest classes."""
    rows = [{"name": visible(entry["class"]), "value": entry["rows"]} for entry in classes["largest"]]
    return _bars(rows, "rows", None)


def groups(rows: list[list[Any]]) -> str:
    """The rows of each value: the table of `groups.table`."""
    return _bars([{"name": value, "value": count} for value, count, *_ in rows if count], "rows", None)


def lengths(characters: dict[str, Any]) -> str:
    """For prompts and answers: a bar from the 5th to the 95th percentile, the median as a dot, and the longest text."""
    check_packages()
    import altair as alt

    rows = [{"name": name, **{point: max(1, entry[point]) for point in POINTS}} for name, entry in characters.items()]
    name = alt.Y("name:N", sort=None, title=None)
    base = alt.Chart(alt.InlineData(values=rows))
    scale = alt.Scale(type="log", nice=False)
    most = base.mark_tick(color=INK, thickness=2).encode(y=name, x=alt.X("max:Q", scale=scale, title="characters"))
    middle = base.mark_rule(color=BAR, strokeWidth=8).encode(y=name, x=alt.X("p5:Q", scale=scale), x2="p95:Q")
    median = base.mark_point(color=INK, filled=True, size=70, opacity=1).encode(y=name, x=alt.X("p50:Q", scale=scale))
    return _svg(alt.layer(middle, median, most).properties(width=WIDTH, height={"step": 34}))


def histogram(bins: list[dict[str, int]], unit: str) -> str:
    """How many texts have which length, in bins that grow with it."""
    check_packages()
    import altair as alt

    rows = [{"from": f"{each['from']:,}", "count": each["count"]} for each in bins]
    chart = alt.Chart(alt.InlineData(values=rows)).mark_bar(color=BAR)
    axis = alt.Axis(labelOverlap="greedy", labelAngle=0)
    chart = chart.encode(
        x=alt.X("from:O", sort=None, title=f"{unit}, from", axis=axis), y=alt.Y("count:Q", title="rows")
    )
    return _svg(chart.properties(width=WIDTH, height=120))


def _bars(rows: list[dict[str, Any]], title: str, domain: list[int] | None) -> str:
    check_packages()
    import altair as alt

    scale = alt.Scale(domain=domain) if domain else alt.Scale()
    chart = alt.Chart(alt.InlineData(values=rows)).mark_bar(color=BAR, minBandSize=2)
    chart = chart.encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        x=alt.X("value:Q", title=title, scale=scale),
    )
    return _svg(chart.properties(width=WIDTH, height={"step": 20}))


def check_packages() -> None:
    """Raises unless the packages that draw are installed.

    Raises:
        ModuleNotFoundError: with the extra to install.
    """
    for package in ("altair", "vl_convert"):
        require(package, "report", "the page of an inspection")


def _svg(chart: Any) -> str:
    import vl_convert

    axis: dict[str, Any] = {f"{part}Color": INK for part in ("label", "title", "tick", "domain", "grid")}
    axis |= {"gridOpacity": 0.15, "labelFontSize": 12, "titleFontSize": 12}
    chart = chart.configure(background="transparent", view={"stroke": None}, axis=axis, font="sans-serif")
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return svg
