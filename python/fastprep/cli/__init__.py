"""The command line: `fastprep COMMAND`.

Exit codes: 0 success, 1 data not accepted, 2 usage, 3 input or output, 130 interrupted.
"""

from __future__ import annotations

from fastprep.cli import exit
from fastprep.cli.app import app
from fastprep.cli.folder_commands import retokenize, show, verify
from fastprep.cli.inspect_command import inspect
from fastprep.cli.lint_command import lint
from fastprep.cli.row_commands import check, explain, prepare, preview, suggest
from fastprep.cli.run_command import run

# In the order of the help.
for command in (prepare, check, inspect, lint, suggest, explain, preview, run, show, verify, retokenize):
    app.command()(command)


def main() -> None:
    """Run the command line; errors become one message or one JSON object, and an exit code."""
    exit.run_and_exit(app)
