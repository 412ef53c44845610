"""``Split`` and ``Subset``: the rows of a split as Arrow, polars, ``datasets`` or torch, and samples of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import IGNORE, INPUT_IDS, LABELS
from fastprep.exceptions import ColumnError, PlanError, SourceError
from fastprep.loss_columns import warn_ignored
from fastprep.optional_packages import require
from fastprep.preference_columns import refuse_preferences
from fastprep.prepared.shards import closed_shards, shards_of, table

if TYPE_CHECKING:
    import datasets
    import numpy.typing as npt
    import polars
    import pyarrow

    from fastprep._fastprep import Shards
    from fastprep.torch.dataset import TorchRows
    from fastprep.torch.loader import Loader


class Split:
    """The rows of one split, in memory-mapped Arrow shards. ``len()`` is the number of rows.

    Attributes:
        name: ``train``, ``valid``, ....
        shards: The Arrow files, in row order.
        tokens: The number of tokens of all rows; 0 for rows without ids.
        trained_tokens: The number of tokens whose label is trained.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], entry: dict[str, Any]) -> None:
        """One entry of the manifest's ``splits``; see ``load``."""
        # Absolute, since a worker process with another current folder may map the files.
        data = folder.absolute() / manifest["data"]
        self.name: str = entry["name"]
        self.shards: tuple[Path, ...] = tuple(data / shard["name"] for shard in shards_of(manifest, self.name))
        self.tokens: int = entry["tokens"]
        self.trained_tokens: int = entry["trained_tokens"]
        self._rows: int = entry["rows"]
        self._folder = folder
        self._manifest = manifest

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"Split({self.name!r}, rows={len(self)}, tokens={self.tokens}, shards={len(self.shards)})"

    def to_arrow(self) -> pyarrow.Table:
        """The rows as one table over the mapped files, without a copy: it takes address space, not memory.

        Raises:
            SourceError: The split has no Arrow shards (JSONL only), or one is damaged, or was removed since ``load``.
        """
        return table(self._shards())

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars frame.

        polars builds offsets for text and lists in its own layout. It trusts that text is UTF-8, so all text is read
        here to check it.

        Raises:
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: polars is not installed.
        """
        require("polars", "polars", "Split.to_polars()")
        import polars

        return polars.DataFrame(self._with_text())

    def to_datasets(self) -> datasets.Dataset:
        """The rows as ``datasets.Dataset`` over the mapped files, without a copy and without the cache.

        Its pickle holds paths, so that worker processes map the same files. The results of ``map`` and ``filter`` stay
        in memory, since ``datasets`` must not write to the folder; pass ``cache_file_name`` for large results.

        A warning comes for rows that are packed or have weights, since most collators ignore both: documents of a pack
        would attend to each other, and weights have no effect. The warning says what to use instead.

        Raises:
            PlanError: ``preference_rows``: use ``PreparedData.dpo``, ``kto`` or ``reward`` for rows with preferences.
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: datasets is not installed.
        """
        require("datasets", "transformers", "Split.to_datasets()")
        columns = [column["name"] for column in self._manifest["schema"]]
        refuse_preferences(columns, self._folder)
        warn_ignored(columns, stacklevel=2)
        return self._datasets()

    def _datasets(self) -> datasets.Dataset:
        import datasets

        from fastprep.prepared.hf_datasets_table import MappedTable

        # The folder's name is the digest of its content; without a fingerprint datasets would hash every row.
        identity = f"{self._manifest['data']}/{self.name}"
        import hashlib

        fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return datasets.Dataset(MappedTable.from_shards(self._shards()), fingerprint=fingerprint)

    def to_torch(self) -> TorchRows:
        """The ids of the rows as a map-style torch data set; see ``TorchRows``.

        A row is cut from mapped arrays, without decoding. A ``DataLoader`` is fastest with ``num_workers=0``: sending a
        batch from a worker to the trainer takes longer than making it.

        Raises:
            ColumnError: The rows have no ``input_ids``.
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: torch is not installed.
        """
        require("torch", "torch", "Split.to_torch()")
        from fastprep.torch.dataset import TorchRows

        refuse_preferences([column["name"] for column in self._manifest["schema"]], self._folder)
        if not any(column["name"] == INPUT_IDS for column in self._manifest["schema"]):
            raise missing_column(INPUT_IDS, self._folder, self._manifest)
        return TorchRows(self._shards(), len(self))

    def loader(
        self,
        collate_fn: Callable[[Any], Any],
        *,
        batch_size: int,
        seed: int | None = 0,
        group_by_length: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = False,
        num_workers: int = 0,
        pin_memory: bool = False,
        prefetch_factor: int | None = None,
    ) -> Loader:
        """Batches for this rank. Each pass is an epoch with another order, and a cursor allows to resume.

        All rows are shuffled, without memory that grows with them. Each row goes to exactly one rank and worker. The
        batches of a rank do not depend on the number of workers.

        ``loader.state_dict()`` is a cursor of plain numbers, the same on every rank. After ``load_state_dict`` the
        loader continues with the next row that no rank has seen, also with another number of ranks, workers or rows in
        a batch. Without it, a pass that was left before its end starts again, with a warning the first time.

        Args:
            collate_fn: Makes a batch of rows, as ``PreparedData.collator`` does.
            batch_size: Rows in a batch of one rank.
            seed: The seed of the shuffle; each epoch has another order. None for the order of the shards.
            group_by_length: Whether the rows of a batch have about the same length, for less padding. Rows are still
                shuffled within and among the batches of a window of 64.
            rank: The number of this process; None for the rank in ``torch.distributed``, else 0.
            world_size: The number of processes that train together; None for ``torch.distributed``, else 1.
            drop_last: Whether to leave out rows that do not fill a batch for every rank, other rows in each epoch.
                Else the last batch is smaller, and a rank that is one row short gets a filler: a row of one padding
                token with weight 0. So every rank has the same number of batches, and none waits for another.
            num_workers: Processes that make batches; 0 is usually fastest.
            pin_memory: Whether batches are copied to pinned memory, for a GPU.
            prefetch_factor: Batches that each worker prepares in advance; None for torch's default.

        Returns:
            A ``Loader``; ``loader.fillers`` and ``loader.dropped`` count the fillers and the rows left out. It is not a
            ``torch`` DataLoader, so ``Accelerator.prepare`` does not divide its rows among ranks a second time.

        Raises:
            PlanError: The batch size or the seed is out of range, or the rank is not below the world size.
            ColumnError: The rows have no ``input_ids``.
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: torch is not installed.
        """
        rows = self.to_torch()
        from fastprep.torch.batches import Batches, ranks
        from fastprep.torch.loader import Loader

        batch_size = option_checks.whole_number("loader", "batch_size", batch_size, 1)
        if seed is not None:
            seed = option_checks.whole_number("loader", "seed", seed, 0, 1 << 64)
        rank, world_size = ranks(rank, world_size)
        batches = Batches(
            rows,
            collate_fn,
            batch_size=batch_size,
            seed=seed,
            group_by_length=group_by_length,
            rank=rank,
            world_size=world_size,
            drop_last=drop_last,
        )
        return Loader(batches, num_workers, pin_memory, prefetch_factor)

    def subsets(self, sizes: Sequence[int], *, seed: int = 0, by: str | None = None) -> dict[int, Subset]:
        """Samples of the split for a learning curve: train on each to see what more examples bring.

        Args:
            sizes: The number of rows of each sample. A larger sample holds all rows of a smaller one.
            seed: Decides which rows are in the smaller samples.
            by: A column. Each of its values then has the same share in every sample as in the split, to within a row.

        Returns:
            The samples by size; each has the methods of a split.

        Raises:
            PlanError: A size is out of range, or there is no such column.
            SourceError: As ``to_arrow``.
        """
        from fastprep.prepared.subset_rows import subset_rows

        groups = None if by is None else self._groups(by)
        samples = subset_rows(len(self), list(sizes), seed, groups)
        return {size: Subset(self, numbers) for size, numbers in samples.items()}

    def _groups(self, by: str) -> npt.NDArray[Any]:
        """A number for each row: equal where the column's values are equal."""
        import numpy as np

        table = self.to_arrow()
        if by not in table.column_names:
            raise PlanError.new(
                f"subsets: there is no column `{by}`; columns: {', '.join(table.column_names)}"
                f"{option_checks.did_you_mean(by, table.column_names)}",
                code="bad_option",
                help="name a column that the prepared rows have",
            )
        return np.asarray(table[by].combine_chunks().dictionary_encode("encode").indices)

    def _with_text(self) -> pyarrow.Table:
        """The table of ``to_arrow``, for code that relies on text being UTF-8: all text is checked."""
        return table(self._shards(text=True))

    def _shards(self, *, text: bool = False) -> Shards:
        if not self.shards:
            raise SourceError.new(
                f"the split {self.name!r} has no Arrow or Parquet shards",
                code="no_arrow_shards",
                path=self._folder,
                help="write the folder with sink_arrow()",
            )
        return closed_shards(self.shards[0].parent, self._manifest, self.name, text=text)


class Subset(Split):
    """Some rows of a split, in the split's order, with the methods of a split.

    Attributes:
        numbers: The row numbers in the split, ascending.
    """

    def __init__(self, split: Split, numbers: Sequence[int]) -> None:
        """Args: the split, and the numbers of the rows."""
        self.__dict__.update(split.__dict__)
        self._split = split
        self.numbers = tuple(numbers)
        self._rows = len(self.numbers)
        table = split.to_arrow()
        if INPUT_IDS in table.column_names:
            self.tokens = self._values(table, INPUT_IDS).size
        if LABELS in table.column_names:
            self.trained_tokens = int((self._values(table, LABELS) != IGNORE).sum())

    def _values(self, table: pyarrow.Table, name: str) -> npt.NDArray[Any]:
        """The values of a list column of these rows."""
        import numpy as np
        import pyarrow.compute as pc

        return np.asarray(pc.list_flatten(table[name].take(list(self.numbers)).combine_chunks()))

    def to_arrow(self) -> pyarrow.Table:
        """The rows as a table. Unlike a split's table it is a copy."""
        return self._split.to_arrow().take(list(self.numbers))

    def _datasets(self) -> datasets.Dataset:
        """A selection of the mapped rows."""
        return self._split._datasets().select(self.numbers)

    def to_torch(self) -> TorchRows:
        """The ids of the rows as a map-style torch data set; see ``TorchRows``."""
        return self._split.to_torch().selected(self.numbers)


def missing_column(name: str, folder: Path, manifest: dict[str, Any]) -> ColumnError:
    """The error for rows of a prepared folder without this column."""
    names = [column["name"] for column in manifest["schema"]]
    return ColumnError.new(
        f"there is no column `{name}`; columns: {', '.join(names)}",
        code="missing_column",
        path=folder,
        column=name,
        help="add .tokenize(...) to the plan, and keep its columns",
    )
