"""A library in a process and an environment of its own, which does what it is asked to: orders in, JSON out."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast


class RefusedError(Exception):
    """A library does not take what it is asked to do, or ends over it."""


class Asked:
    """A running process. Its first answer says that it is ready."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        # Both are pipes, as asked for; what a library prints is its own affair.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._in, self._out = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        self.ready = self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._out.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"refused": "the process ended"}
        if "refused" in answer:
            self.close()
            raise RefusedError(answer["refused"])
        return answer

    def ask(self, order: str) -> dict[str, Any]:
        """One line in, one line out.

        Raises:
            RefusedError: It says so, or the process ended.
        """
        self._in.write(order + "\n")
        self._in.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._in.close()
        self._process.wait()
        self._out.close()
