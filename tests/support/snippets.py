"""The snippets of README and docs: found, and run in the order of their page, as a reader would.

A `python` block runs in the page's namespace, an `sh` block in bash, both in one folder that holds a link to
`examples`. A `text` block right after one is what it prints; times and digests are masked before comparing.

`python tests/support/snippets.py [PAGE…]` writes what the blocks print today into the pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*).*\n(?P<text>(?:.*\n)*?)(?P=indent)```$", re.MULTILINE)
MASKS = [
    (re.compile(r"in [\d,.]+ s \([\d,]+ (?:MB|rows)/s\)"), "in … s (…)"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<digest>"),
]


@dataclass(frozen=True)
class Snippet:
    """A fenced block."""

    page: Path
    line: int
    kind: str
    text: str
    printed: tuple[int, int] | None
    """Where in the page the text that it prints stands, if it is shown."""

    def expected(self) -> str | None:
        if self.printed is None:
            return None
        return textwrap.dedent(self.page.read_text("utf-8")[slice(*self.printed)])


def snippets(page: Path) -> Iterator[Snippet]:
    """The blocks of a page, in order."""
    text = page.read_text("utf-8")
    found = list(FENCE.finditer(text))
    for number, block in enumerate(found, 1):
        after = found[number] if number < len(found) else None
        shown = None
        if after and after["kind"] == "text" and not text[block.end() : after.start()].strip():
            shown = after.span("text")
        line = text.count("\n", 0, block.start("text")) + 1
        yield Snippet(page, line, block["kind"], textwrap.dedent(block["text"]), shown)


def masked(text: str) -> str:
    """What must be the same in every run."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def run(snippet: Snippet, namespace: dict[str, Any]) -> str:
    """Run a block in the current folder; what it printed, with the current folder shown as /home/me."""
    return _run(snippet, namespace).replace(str(Path.cwd()), "/home/me")


def _run(snippet: Snippet, namespace: dict[str, Any]) -> str:
    if snippet.kind == "sh":
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", snippet.text],
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        assert done.returncode == 0, f"{snippet.page}:{snippet.line}\n{done.stdout}"
        return done.stdout
    # Blank lines first, so that tracebacks name the page's lines.
    code = compile("\n" * (snippet.line - 1) + snippet.text, str(snippet.page), "exec")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, namespace)
    return out.getvalue()


def set_up(folder: Path) -> dict[str, str]:
    """Make a folder ready; the environment in which what is printed does not depend on the terminal."""
    (folder / "examples").symlink_to(ROOT / "examples")
    return {"COLUMNS": "100", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1"}


def rewrite(page: Path) -> None:
    """Write what the page's blocks print today into it."""
    text = page.read_text("utf-8")
    changes: list[tuple[tuple[int, int], str]] = []
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for snippet in snippets(page):
        if snippet.kind not in ("python", "sh"):
            continue
        printed = run(snippet, namespace)
        expected = snippet.expected()
        if snippet.printed and expected is not None and masked(printed) != masked(expected):
            start = text.rfind("\n", 0, text.rfind("```text", 0, snippet.printed[0])) + 1
            indent = " " * (text.index("`", start) - start)
            changes.append((snippet.printed, textwrap.indent(printed.strip("\n") + "\n", indent)))
    for (start, end), new in reversed(changes):
        text = text[:start] + new + text[end:]
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    for page in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        print(page.relative_to(ROOT), file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            os.environ |= set_up(Path(folder))
            rewrite(page)
