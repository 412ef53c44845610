"""The proof alone, which Python cannot call: a process of `prove.rs` that proves all rows whenever it is asked."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast


class Prover:
    """`prove.rs` over the rows of a file, rendered and in memory before the first call."""

    def __init__(self, program: Path, source: Path, threads: int) -> None:
        command = [program, source, str(threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # Both are pipes, as asked for.
        self._ask, self._answer = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def collisions(self) -> int:
        """Proves every row once; how many hold separator or stop where the format did not put them."""
        self._ask.write(b"\n")
        self._ask.flush()
        return int(self._answer.readline())

    def __enter__(self) -> Self:
        self.collisions()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ask.close()
        self._answer.close()
        self._process.wait()
