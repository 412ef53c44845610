"""A preview as one HTML page: the rows as the model sees them, turn by turn, with what trains marked."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PublishError
from fastprep.inspection.html import document, text
from fastprep.report.preview import UNICODE, Shown, facts, first_rows, visible
from fastprep.report.preview_pieces import Piece, pieces

if TYPE_CHECKING:
    from fastprep._fastprep import Plan

STYLE = """<style>
:root { --trained: #1a7f37; --trained-page: #dff5e3; --control: #0b6b88; }
@media (prefers-color-scheme: dark) { :root { --trained: #7ee0a1; --trained-page: #12351f; --control: #7cc7e0; } }
.row { border-top: 1px solid var(--line); margin-top: 1.4rem; padding-top: .6rem; }
.row h2 { font-size: .95rem; font-weight: 600; margin: 0 0 .5rem; }
.turn { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: .8rem; padding: .3rem 0; }
.role { color: var(--dim); text-align: right; font-size: .9rem; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, monospace; color: var(--dim); }
.said b { font-weight: 400; color: var(--trained); background: var(--trained-page); }
.said i { font-style: normal; color: var(--control); border: 1px solid var(--line); border-radius: 3px;
  padding: 0 .15em; }
.said b i { color: inherit; border-color: var(--trained); }
.border { border-top: 2px dashed var(--dim); margin-top: .8rem; padding-top: .2rem; font-size: .9rem;
  color: var(--dim); }
</style>"""


def write_page(plan: Plan, rows: int, path: str) -> None:
    """Write the page of the first `rows` rows of a plan to a file, which it replaces.

    Raises:
        DataError: none of the rows that were read is left.
        PublishError: `cannot_write`: the file cannot be written.
    """
    made = page(plan, first_rows(plan, rows))
    try:
        Path(path).write_text(made, "utf-8")
    except OSError as e:
        message = f"preview: the file of html cannot be written: {e.strerror}"
        raise PublishError.new(message, code="cannot_write", path=path) from e


def page(plan: Plan, shown: Shown) -> str:
    """The page of the first rows of a plan."""
    verbs = plan.verbs()
    parts = [STYLE, "<h1>Preview</h1>"]
    parts.append('<p class="said">context · <b>trained</b> · <i>control token</i></p>')
    for number, row in enumerate(shown.rows, 1):
        made = pieces(plan, row)
        title = text(" · ".join(facts(number, row, verbs, made)))
        parts.append(f'<section class="row"><h2>{title}</h2>{_body(made, row)}</section>')
    if removed := shown.removed():
        lines = "".join(f"<li>{text(line.strip())}</li>" for line in removed[1:])
        parts.append(f'<section class="row"><h2>{text(removed[0].capitalize())}</h2><ul>{lines}</ul></section>')
    return document("Preview", parts)


def _body(made: list[Piece] | None, row: dict[str, Any]) -> str:
    if made is None:
        return "".join(_turn(name, [Piece(str(value), False)]) for name, value in row.items())
    parts: list[str] = []
    turn: list[Piece] = []
    for piece in made:
        if turn and (piece.border or piece.role != turn[-1].role):
            parts.append(_turn(turn[0].role, turn))
            turn = []
        if piece.border:
            parts.append(f'<div class="border">document {piece.border}</div>')
        turn.append(piece)
    return "".join([*parts, _turn(turn[0].role, turn)] if turn else parts)


def _turn(name: str, made: list[Piece]) -> str:
    said = "".join(_piece(piece) for piece in made)
    if not name:
        return f'<div class="said">{said}</div>'
    return f'<div class="turn"><div class="role">{text(name)}</div><div class="said">{said}</div></div>'


def _piece(piece: Piece) -> str:
    shown = escape(visible(piece.text, UNICODE), quote=True)
    shown = f"<i>{shown}</i>" if piece.control else shown
    return f"<b>{shown}</b>" if piece.trained else shown
