"""Parts of pages: text, lists, tables and figures. A page asks nothing of the network and runs no script."""

from __future__ import annotations

from html import escape
from typing import Any

from fastprep.inspection.shown import visible

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --page: #fff; --line: #d9d9e0; --mark: #ffe08a;
  --high: #c62a2f; --medium: #b35900; --low: #2f6f4f; --hint: #60646c; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --dim: #b0b4ba; --page: #111113; --line: #363a3f;
  --mark: #6b5200; --high: #ff9592; --medium: #ffb86b; --low: #7fd1a7; --hint: #b0b4ba; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
ul { margin: 0; padding-left: 1.2rem; }
.dim { color: var(--dim); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 1.2rem 2rem; }
figure { margin: .6rem 0 0; min-width: 0; }
.charts figure { margin: 0; }
figure + ul, .wide + ul { margin-top: .6rem; }
figcaption { color: var(--dim); font-size: .9rem; }
svg { display: block; max-width: 100%; height: auto; }
.finding { border-top: 1px solid var(--line); border-left: 4px solid var(--edge); padding: .8rem 0 .8rem .8rem; }
.high { --edge: var(--high); } .medium { --edge: var(--medium); } .low { --edge: var(--low); }
.hint { --edge: var(--hint); }
.severity { color: var(--edge); font-weight: 600; }
.finding p { margin: .25rem 0; }
.finding h3 { margin: 0; }
details { margin-top: .4rem; }
summary { cursor: pointer; color: var(--dim); }
pre { margin: .3rem 0 .8rem; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: 4px;
  white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace; }
mark { background: var(--mark); color: inherit; }
code { font: .92em ui-monospace, monospace; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
th { font-weight: 600; }
.wide { overflow-x: auto; overflow-wrap: break-word; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
@media print { body { max-width: none; padding: 0; } .finding, figure { break-inside: avoid; } }
"""


def document(title: str, parts: list[str]) -> str:
    """A page of its own, with its style."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style>"
    )
    body = "<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n</body>"
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n{body}\n</html>\n'


def text(shown: str) -> str:
    """Text of a page, with an escape for each character that nobody would see."""
    return escape(visible(shown), quote=True)


def bullets(lines: list[str]) -> str:
    """A list of texts."""
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"


def table(titles: list[str], rows: list[list[Any]]) -> str:
    """A table; whole numbers stand at the right, with commas."""
    head = "".join(f'<th scope="col">{text(title)}</th>' for title in titles)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def figure(svg: str, caption: str, titles: list[str], rows: list[list[Any]]) -> str:
    """A chart, and its numbers as a table for those who do not see it."""
    numbers = f"<details><summary>The numbers</summary>{table(titles, rows)}</details>"
    label = escape(caption, quote=True)
    return (
        f'<figure><div role="img" aria-label="{label}">{svg}</div>'
        f"<figcaption>{text(caption)}</figcaption>{numbers}</figure>"
    )


def _cell(value: Any) -> str:
    return f'<td class="number">{value:,}</td>' if isinstance(value, int) else f"<td>{text(value)}</td>"
