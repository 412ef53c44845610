"""Arrow shards as one memory-mapped table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from .exceptions import SourceError


def map_shards(paths: Sequence[Path]) -> pa.Table:
    """Maps Arrow IPC files into one table: its buffers are the files' pages, nothing is copied.

    Args:
        paths: One shard or more, all of one schema.

    Returns:
        The rows in the order of the paths; a chunk for each record batch.

    Raises:
        SourceError: A shard is missing, or is no Arrow IPC file.
    """
    return pa.concat_tables([_map_shard(path) for path in paths])


def _map_shard(path: Path) -> pa.Table:
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except FileNotFoundError as error:
        raise SourceError.new(
            "a shard is not there any more",
            code="missing_shard",
            path=path,
            help="the data set was replaced since load()? then load it again; else copy the whole folder again",
        ) from error
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError.new(
            f"a shard cannot be read: {error}",
            code="damaged_shard",
            path=path,
            help="prepare the data again, or copy the folder again",
        ) from error
