"""The sinks of `Pipeline`: they run a plan and publish its rows in a folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from fastprep.sink_options import sink_options

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from fastprep.report.run_report import Report
    from fastprep.sink_options import CheckedSinkOptions
    from fastprep.words import Compression, Format

    StrPath = str | os.PathLike[str]


class Sinks(ABC):
    """The sinks; `Pipeline` has them all."""

    __slots__ = ()

    @abstractmethod
    def _publish(self, options: CheckedSinkOptions, threads: int | None, report: bool) -> Report:
        """Run the plan and publish its rows."""

    def sink_arrow(
        self,
        path: StrPath,
        *,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
        report: bool = False,
    ) -> Report:
        """Run, and publish the rows as Arrow IPC shards: the folder appears whole or not at all.

        Args:
            path: the folder. An existing one is refused unless `overwrite` is true.
            overwrite: replace the data set in the folder, if fastprep wrote it.
            max_rejects: publish nothing if more rows are rejected: a number (int), or a share of the rows read (float
                up to 1, or a text such as `"1%"`).
            shard_bytes: the target size of a shard in bytes. Default: 256 MiB.
            threads: worker threads. Default: `FASTPREP_THREADS`, else one for each core. Never changes the output.
            report: also publish `report.json`, `report.html` and `report.md`: what came in, what was removed and why,
                what came out, and what `inspect` finds in both. The source is read twice more for it.

        Raises:
            DataError: too many rows were rejected, or no row is left. The rejects are kept; the error names their file.
            PublishError: the folder exists, the disk is full, and so on.
            ModuleNotFoundError: `report` needs altair and vl-convert, of the extra `report`.
        """
        return self.sink(
            path,
            formats=("arrow",),
            overwrite=overwrite,
            max_rejects=max_rejects,
            shard_bytes=shard_bytes,
            threads=threads,
            report=report,
        )

    def sink_parquet(
        self,
        path: StrPath,
        *,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
        report: bool = False,
    ) -> Report:
        """Run, and publish the rows as Parquet shards, compressed with zstd. Arguments as for `sink_arrow`.

        `load` reads Parquet shards into memory; only Arrow shards can be memory-mapped.
        """
        return self.sink(
            path,
            formats=("parquet",),
            overwrite=overwrite,
            max_rejects=max_rejects,
            shard_bytes=shard_bytes,
            threads=threads,
            report=report,
        )

    def sink_jsonl(
        self,
        path: StrPath,
        *,
        compression: Compression | None = None,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
        report: bool = False,
    ) -> Report:
        """Run, and publish the rows as JSON lines. Arguments as for `sink_arrow`; `compression` is gzip or zstd."""
        return self.sink(
            path,
            formats=("jsonl",),
            compression=compression,
            overwrite=overwrite,
            max_rejects=max_rejects,
            shard_bytes=shard_bytes,
            threads=threads,
            report=report,
        )

    def sink(
        self,
        path: StrPath,
        *,
        formats: Sequence[Format],
        compression: Compression | None = None,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
        report: bool = False,
    ) -> Report:
        """Run once, and publish the rows in several formats, in one folder under one manifest."""
        checked = sink_options(
            path,
            formats=formats,
            compression=compression,
            overwrite=overwrite,
            max_rejects=max_rejects,
            shard_bytes=shard_bytes,
            threads=threads,
            report=report,
        )
        return self._publish(checked, threads, report)
