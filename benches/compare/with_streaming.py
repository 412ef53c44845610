"""MosaicML streaming, in an environment of its own: `with_streaming.py FOLDER`, which has `rows.arrow`.

Orders: `epoch LAYOUT WORKERS`, `seen LAYOUT WORKERS`, `first LAYOUT WORKERS`, `read N,N,…`.
"""

import contextlib
import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from streaming import MDSWriter, StreamingDataset
from torch_batches import BATCH, COLUMNS, LAYOUTS, exhaust, loader, read, seen, timed


def write(folder: Path) -> Path:
    """The rows in shards of its own kind."""
    shards = folder / "mds"
    if not shards.is_dir():
        with pa.memory_map(str(folder / "rows.arrow")) as file:
            table = pa.ipc.open_file(file).read_all()
        columns = {name: "ndarray:int32" for name in COLUMNS if name in table.column_names}
        with MDSWriter(out=str(shards), columns=columns) as out:
            for batch in table.to_batches(max_chunksize=1024):
                lists = {name: batch.column(name) for name in columns}
                for i in range(batch.num_rows):
                    row = {name: column[i].values.to_numpy(zero_copy_only=False) for name, column in lists.items()}
                    out.write({name: values.astype(np.int32) for name, values in row.items()})
    return shards


def main() -> None:
    """Answers."""
    torch.set_num_threads(1)
    shards = write(Path(sys.argv[1]))

    def opened() -> Any:
        return StreamingDataset(local=str(shards), shuffle=True, batch_size=BATCH)

    rows = opened()
    say({"version": metadata.version("mosaicml-streaming")})
    for line in sys.stdin:
        order, *words = line.split()
        if order == "read":
            numbers = [int(n) for n in words[0].split(",")]
            wall, cpu, answer = timed(lambda numbers=numbers: read(rows, numbers))
        else:
            collate, workers = LAYOUTS[words[0]], int(words[1])

            def batches(rows: Any, collate: Any = collate, workers: int = workers) -> Any:
                return iter(loader(rows, collate, workers, shuffle=False))

            if order == "first":
                wall, cpu, answer = timed(lambda batches=batches: len(next(batches(opened()))["input_ids"]))
            elif order == "seen":
                wall, cpu, answer = timed(lambda batches=batches: seen(batches(rows)))
            else:
                wall, cpu, answer = timed(lambda batches=batches: exhaust(batches(rows)))
        say({"wall": wall, "cpu": cpu, "answer": answer})


def say(answer: dict[str, Any]) -> None:
    """The library may print too: answers go where the pipe was."""
    print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    ANSWERS = os.fdopen(os.dup(1), "w")
    with contextlib.redirect_stdout(sys.stderr):
        main()
