"""The command line: `fastprep COMMAND`.

Exit codes: 0 done, 1 data not accepted, 2 usage, 3 input or output, 130 interrupted.
"""

from __future__ import annotations

from fastprep.cli import errors, folders, rows, run  # noqa: F401  they add their commands
from fastprep.cli.app import app


def main() -> None:
    """Run the command line; errors become one message or one JSON object, and an exit code."""
    errors.run(app)
