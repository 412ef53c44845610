"""The page of an inspection: complete, safe to open, and readable without its charts."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import BROWSER, measured, printed
from shell import failure, run
from shell import folder as folder
from test_inspect import Row, answer, clean
from tiny import jsonl

import fastprep as fp

pytest.importorskip("altair", reason="needs altair, of the extra report")

HOSTILE = "<script>alert(1)</script> & <img src=x>"


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def rows_found() -> list[Row]:
    rows = clean(300)
    rows[20] = answer("{} " + HOSTILE + "\u200b")(rows[20])
    rows[30] = rows[31]
    return rows


def found() -> fp.Inspection:
    return fp.from_records(rows_found()).inspect()


def test_it_holds_the_verdict_all_findings_and_their_rows() -> None:
    inspection = found()
    page = Page(inspection.to_html())
    assert inspection.verdict.lower()[1:] in page.text.lower()
    assert {finding.code for finding in inspection.findings} >= {"duplicate_rows", "invisible_characters"}
    for finding in inspection.findings:
        assert finding.code in page.text
        assert finding.title in page.text
        assert f"{finding.count:,} of {finding.checked:,} rows" in page.text
        for example in finding.examples:
            assert f"{example['file']}:{example['row'] + 1}" in page.text
    assert len(page.named("mark")) == sum(len(finding.examples) for finding in inspection.findings)
    assert "\\u200b" in page.text


def test_it_runs_nothing_and_asks_for_nothing() -> None:
    text = found().to_html()
    page = Page(text)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "image"} == set()
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert not any(name in ("src", "href", "xlink:href") for _, attributes in page.tags for name in attributes)
    assert re.findall(r"url\(|@import", text) == []
    # Names of XML, which are not fetched.
    assert set(re.findall(r"https?://[^\s\"<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert HOSTILE[-20:] in page.text


def test_every_chart_has_a_text_and_a_table() -> None:
    page = Page(found().to_html())
    charts = [attributes for attributes in page.named("div") if attributes.get("role") == "img"]
    assert len(charts) == len(page.named("svg")) == len(page.named("table")) >= 2
    assert all(attributes["aria-label"] for attributes in charts)


def test_the_same_rows_give_the_same_page() -> None:
    assert found().to_html() == found().to_html()


def test_classes_are_a_chart() -> None:
    rows = [{"text": f"text number {n}", "label": ["good", "bad"][n % 3 == 0]} for n in range(300)]
    page = Page(fp.from_records(rows).inspect().to_html())
    assert "All 2 classes." in page.text


def test_lengths_are_histograms() -> None:
    inspection = found()
    page = Page(inspection.to_html())
    for name, entry in inspection.to_dict()["characters"].items():
        assert f"Characters of {name}." in page.text
        assert sum(each["count"] for each in entry["histogram"]) == entry["texts"] == 300
        lengths = [len(row[{"prompt": "prompt", "answer": "completion"}[name]]) for row in rows_found()]
        counted = [sum(each["from"] <= length <= each["to"] for length in lengths) for each in entry["histogram"]]
        assert counted == [each["count"] for each in entry["histogram"]]


def test_no_rows_have_a_page() -> None:
    assert "Inspection of" in fp.from_records([]).inspect().to_html()


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs the package vl_convert; .*'fastprep\[report\]'"):
        found().to_html()
    Path("altair.py").write_text("raise ModuleNotFoundError('none', name='altair')\n")
    jsonl(Path("x.jsonl"), clean(5))
    says = " ".join(failure("inspect", "x.jsonl", "--html", "page.html", code=2).replace("│", " ").split())
    assert "pip install 'fastprep[report]'" in says


def test_the_command_writes_it() -> None:
    jsonl(Path("x.jsonl"), clean(50))
    run("inspect", "x.jsonl", "--html", "page.html")
    assert Path("page.html").read_text("utf-8") == fp.scan("x.jsonl").inspect().to_html()
    assert "cannot_write" in failure("inspect", "x.jsonl", "--html", "missing/page.html", code=3)


needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on the PATH")
NARROW = 390
"""The width of a telephone, in pixels."""


def report_of_a_sink() -> str:
    plan = fp.from_records(rows_found()).format(fp.PromptFormat("{prompt}", completion="{completion}")).dedup()
    plan.split(valid=0.1, seed=1).sink_arrow("out", report=True)
    return Path("out/report.html").read_text("utf-8")


PAGES = {"inspection": lambda: found().to_html(), "report": report_of_a_sink}


@pytest.mark.heavy
@needs_browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
def test_a_browser_shows_it(make: Callable[[], str], dark: bool, tmp_path: Path) -> None:
    narrow, wide = measured(make(), tmp_path, [NARROW, 1280], dark=dark)
    for page in (narrow, wide):
        assert page["console"] == []
        assert page["requests"] == 0
        assert page["texts"] > 50
        # Nothing is beside the window, and no label is beside its chart.
        assert page["scrolled"] == page["width"]
        assert page["cut"] == []
        # What WCAG 2 asks of text.
        assert page["contrast"] >= 4.5
        assert (max(page["background"]) < 50) is dark
    assert len(narrow["charts"]) == len(wide["charts"]) >= 4
    assert max(narrow["charts"]) == max(wide["charts"]) <= NARROW - 50


@pytest.mark.heavy
@needs_browser
@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
def test_a_browser_prints_it(make: Callable[[], str], tmp_path: Path) -> None:
    pdf = printed(make(), tmp_path)
    assert pdf.startswith(b"%PDF")
    assert 1 <= pdf.count(b"/Type /Page\n") <= 9


@pytest.mark.heavy
@needs_browser
def test_the_measures_see_what_is_wrong(tmp_path: Path) -> None:
    wrong = """<body style="color: #999; background: #fff"><p style="width: 500px">grey</p>
        <img src="http://example.invalid/x.png"><script>nothing.at.all</script>
        <svg width="100" height="20"><text x="90" y="10">beyond the chart</text></svg></body>"""
    (page,) = measured(wrong, tmp_path, [NARROW], dark=False)
    assert page["requests"] == 1
    assert any("nothing is not defined" in line for line in page["console"])
    assert page["scrolled"] > page["width"]
    assert page["cut"] == ["beyond the chart"]
    assert 2 < page["contrast"] < 3
