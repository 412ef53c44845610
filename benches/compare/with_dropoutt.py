"""The peer of `inspect`: dropoutt, which is asked as a command."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FROM_DATA = {
    "T0-DEGEN-001": {"loops": "looping"},
    "T0-ENC-001": {"mojibake": "mojibake", "control_characters": "control", "not_nfc": "not_nfc"},
    "T0-ROLE-001": {"empty_answers": "empty_content"},
    "T1-IDENT-001": {"refusals": "refusal"},
}
"""By check: our code, and the key of its data that holds the count."""
FROM_COUNT = {
    "T0-DUP-001": "duplicate_rows",
    "T0-TMPL-001": "templated_text",
    "T1-DUP-002": "conflicting_prompts",
}
"""By check whose count is of one thing: our code."""
FROM_KINDS = {"email": "emails", "credit_card": "payment_cards"}


def command(program: Path, source: Path, out: Path, *, tier: int, threads: int) -> Sequence[str | Path]:
    """The scan of one file: offline, without a page, and with two processes for two threads."""
    shutil.rmtree(out, ignore_errors=True)
    options = ["--offline", "--no-html", "--no-open", "--quiet", "--tier", str(tier), "--workers", str(threads)]
    return [program, "scan", source, *options, "--out", out]


def counts(out: Path) -> dict[str, int]:
    """What it counted, by our codes. What it does not name was not found."""
    codes = {code for names in FROM_DATA.values() for code in names} | {*FROM_COUNT.values(), *FROM_KINDS.values()}
    found = dict.fromkeys(sorted(codes), 0)
    for line in (out / "findings.jsonl").read_text("utf-8").splitlines():
        check: dict[str, Any] = json.loads(line)
        name = check["check_id"]
        for code, key in FROM_DATA.get(name, {}).items():
            found[code] = check["data"][key]
        if name in FROM_COUNT:
            found[FROM_COUNT[name]] = check["count"]
        if name == "T1-PII-001":
            found |= {code: check["data"]["by_kind"].get(kind, 0) for kind, code in FROM_KINDS.items()}
    return found
