"""A process that publishes in children of its own, to be killed: `python publisher.py RAW_A RAW_B OUT`.

Each line on standard input is a command, `a` or `b` (the data to publish over what is there), then the seconds after
which the child gets SIGKILL, or `-` to let it end. Answers with how it ended and the seconds it took. Children are
forked: starting an interpreter for each would take longer than all that is tested.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import fastprep as fp

FORMAT = fp.PromptFormat("{prompt}", completion="{completion}")


def publish(raw: str, out: str) -> None:
    plan = fp.scan_jsonl(raw).format(FORMAT).dedup().split(valid=0.2).shuffle(seed=7)
    plan.sink(out, formats=("arrow", "jsonl"), overwrite=True, shard_bytes=4_000, threads=2)


def main() -> None:
    raw = dict(zip("ab", sys.argv[1:3], strict=True))
    for command in sys.stdin:
        which, delay = command.split()
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                publish(raw[which], sys.argv[3])
                status = 0
            finally:
                os._exit(status)
        if delay != "-":
            time.sleep(float(delay))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        ended = "killed" if os.WIFSIGNALED(status) else "done" if os.WEXITSTATUS(status) == 0 else "failed"
        print(ended, time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
