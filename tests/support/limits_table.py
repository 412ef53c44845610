"""The tables of `docs/provider-files.md`, from the table of the core.

`python tests/support/limits_table.py` writes them into the page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fastprep import _fastprep

PAGE = Path(__file__).parents[2] / "docs/provider-files.md"
TABLES = re.compile(r"(?<=<!-- tables -->\n)[\s\S]*?(?=<!-- end of tables -->)")


def tables() -> str:
    """A heading and a table for each target."""
    targets: list[dict[str, Any]] = json.loads(_fastprep.lint_targets())
    return "\n" + "".join(map(_section, targets))


def _section(target: dict[str, Any]) -> str:
    lines = [f"### {target['target']}", "", f"{target['title']}.", ""]
    if closing := target["closing"]:
        lines += [f"*Closing down:* {closing['text']} ([source]({closing['source']}), {closing['seen']}).", ""]
    lines += ["| Code | Limit | | Source |", "|---|---|---|---|"]
    for limit in target["limits"]:
        words = limit["limit"].replace("|", "\\|")
        source = re.sub(r"^https://(www\.)?([^/]+).*$", r"\2", limit["source"])
        lines.append(
            f"| `{limit['code']}` | {words} | {limit['severity']} | [{source}]({limit['source']}), {limit['seen']} |"
        )
    return "\n".join([*lines, "", ""])


if __name__ == "__main__":
    PAGE.write_text(TABLES.sub(lambda _: tables(), PAGE.read_text("utf-8")), "utf-8")
