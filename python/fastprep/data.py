"""``load``: a prepared folder as a mapping from split name to data."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options
from ._fastprep import INPUT_IDS, LABELS, MANIFEST, SEGMENT_KINDS, SEQ_LENGTHS, manifest
from .exceptions import ColumnError, FastprepError, PlanError, SourceError
from .extras import require
from .handoff import WEIGHTS, warn_ignored
from .prompt_format import PromptFormat
from .shards import shards_of, table, unopened

if TYPE_CHECKING:
    import datasets
    import polars
    import pyarrow

    from ._fastprep import Shards
    from .batches import Loader
    from .collate import Collator
    from .pipeline import Pipeline
    from .subset import Subset
    from .torch_dataset import TorchRows
    from .words import Layout, OnOverflow, PaddingSide, SpecialTokens


def load(path: str | os.PathLike[str]) -> PreparedData:
    """Opens a folder that ``sink_arrow`` wrote; maps files when rows are asked for, and reads none before.

    Args:
        path: The folder that holds ``manifest.json``.

    Returns:
        A mapping from split name to ``Split``, in the plan's order. A plan without ``split`` has ``train`` only.

    Raises:
        SourceError: The folder has no manifest, or a damaged or newer one, or a shard is missing or has another size
            than the manifest says. The error names the file, and of a manifest the field.

    Examples:
        A whole training loop in torch, prompts trained at a tenth of the weight:

        >>> import torch, fastprep as fp
        >>> data = fp.load("out/")
        >>> collate = data.collator(prompt_loss_weight=0.1, weighted=True)
        >>> rows = torch.utils.data.DataLoader(data["train"].to_torch(), batch_size=8, shuffle=True, collate_fn=collate)
        >>> optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        >>> for batch in rows:
        ...     weights = batch.pop("loss_weights")[:, 1:]
        ...     labels = batch.pop("labels")[:, 1:]
        ...     logits = model(**batch, use_cache=False).logits[:, :-1].float()
        ...     losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
        ...     ((weights * losses).sum() / weights.sum()).backward()
        ...     optimizer.step()
        ...     optimizer.zero_grad()
    """
    return PreparedData(Path(options.path("load", "folder", path)))


class PreparedData(Mapping[str, "Split"]):
    """A prepared folder: its splits by name, its manifest, and what trainers need to take it as it is.

    Attributes:
        path: The folder.
        manifest: ``manifest.json`` as a dictionary.
    """

    def __init__(self, path: Path) -> None:
        """Opens ``path``; see ``load``."""
        self.path = path
        self.manifest: dict[str, Any] = json.loads(manifest(path))
        self._splits = {entry["name"]: Split(path, self.manifest, entry) for entry in self.manifest["splits"]}

    def __getitem__(self, split: str) -> Split:
        """The split; KeyError names those there are."""
        try:
            return self._splits[split]
        except KeyError:
            meant = options.did_you_mean(str(split), self._splits)
            raise KeyError(f"there is no split {split!r}; there are: {', '.join(self._splits)}{meant}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    def __repr__(self) -> str:
        return f"PreparedData({str(self.path)!r}, {list(self._splits.values())})"

    @functools.cached_property
    def format(self) -> PromptFormat | None:
        """The ``PromptFormat`` of training, to render prompts at inference; None where the plan had no ``format``."""
        recorded = self.manifest["format"]
        if recorded is None:
            return None
        try:
            return PromptFormat.from_json(json.dumps(recorded))
        except FastprepError as error:
            raise SourceError.new(
                f"the manifest is damaged or not ours: format: {error}",
                code="bad_manifest",
                path=self.path / MANIFEST,
                help="prepare the data again, or restore the file",
            ) from error

    def collator(
        self,
        prompt_loss_weight: float = 0.0,
        pad_to_multiple_of: int | None = None,
        pad_token_id: int | None = None,
        padding_side: PaddingSide = "right",
        layout: Layout | None = None,
        *,
        weighted: bool = False,
    ) -> Collator:
        """A ``collate_fn``: lays rows out as a batch, with a weight for each token; see ``Collator``.

        ``fastprep.trainer.WeightedTrainer`` asks it for weights; a loop that uses them says ``weighted=True``. Any
        other trainer ignores weights, and is given completions alone as labels, with a warning if that is another
        loss. For TRL see ``trl_args``.

        Args:
            prompt_loss_weight: Weight of context tokens, 0 to 1; target tokens have 1. It has an effect with
                ``WeightedTrainer`` or ``weighted``.
            pad_to_multiple_of: Batches are padded to a multiple of this many tokens; None for the longest row.
            pad_token_id: None for the tokenizer's padding token, else its EOS token, else 0. Padding is masked
                and never trained, so that any id does.
            padding_side: ``"right"`` for training, ``"left"`` for generating from a batch.
            layout: ``"padded"`` to the longest row, or ``"flat"``: end to end in one line, each document attending to
                itself alone (transformers calls it padding-free). None: flat where the rows are packed, else padded.
            weighted: Whether the loss multiplies by ``loss_weights``: for a loop of your own. ``WeightedTrainer`` needs
                no word of it.

        Returns:
            A picklable callable. It refuses rows of packs that come without ``seq_lengths``, as a plain
            ``transformers.Trainer`` leaves them unless ``remove_unused_columns=False`` is set.

        Raises:
            PlanError: An argument is out of range, or the rows are packed and the layout is padded: their documents
                would attend to each other.
            ColumnError: The rows have no ids, or no segments although prompts are to be weighted.
            ModuleNotFoundError: torch is not installed.
        """
        require("torch", "torch", "PreparedData.collator()")
        from .collate import Collator

        self._require_column(INPUT_IDS)
        if prompt_loss_weight or not self._has_column(LABELS):
            self._require_column(SEGMENT_KINDS)
        packed = self._has_column(SEQ_LENGTHS)
        if packed and layout == "padded":
            raise PlanError.new(
                "the rows are packed: padding a batch of them would let their documents attend to each other",
                code="packed_rows",
                path=self.path,
                help='leave layout out, which lays them out flat, or prepare without .pack()',
            )
        return Collator(
            prompt_loss_weight=prompt_loss_weight,
            pad_to_multiple_of=pad_to_multiple_of,
            pad_token_id=self._pad_token_id() if pad_token_id is None else pad_token_id,
            padding_side=padding_side,
            layout=layout or ("flat" if packed else "padded"),
            weighted=weighted,
            expected=tuple(name for name in (SEQ_LENGTHS, *WEIGHTS) if self._has_column(name)),
        )

    def trl_args(self, *, weighted: bool = False) -> dict[str, Any]:
        """Arguments for ``trl.SFTConfig``: with them ``SFTTrainer`` trains the rows as they are, without cutting any.

        Packed rows are flattened with ``padding_free``, which keeps their documents apart; then give ``SFTTrainer`` no
        ``data_collator`` and leave ``remove_unused_columns`` on.

        Args:
            weighted: Whether a trainer with ``WeightedLoss`` is to be made, with ``data.collator(...)`` as its
                ``data_collator``: all columns then reach the collator, which also keeps packed documents apart. A plain
                ``SFTTrainer`` trains completions alone with them.

        Returns:
            Keyword arguments: ``SFTConfig(**data.trl_args(), output_dir=...)``.

        Raises:
            ColumnError: The rows have no ``labels``; TRL would tokenize again, or train on the prompts, without a word.
        """
        self._require_column(INPUT_IDS)
        self._require_column(LABELS)
        return {
            "max_length": None,
            "packing": False,
            "padding_free": self._has_column(SEQ_LENGTHS) and not weighted,
            "dataset_kwargs": {"skip_prepare_dataset": True},
        } | ({"remove_unused_columns": False} if weighted else {})

    def retokenize(
        self,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        on_overflow: OnOverflow = "reject",
        special_tokens: SpecialTokens = "reject",
    ) -> Pipeline:
        """The same rows for another base model: a chain from the kept text, to be sunk into another folder.

        Splits, their order and the prompt format stay; nothing is read again or deduplicated again. Rows that hold a
        control token of the new tokenizer, or are too long with it, are rejects. Keys stay in the old folder: give
        ``dedup(against=...)`` that one.

        Args:
            tokenizer: As for ``Pipeline.tokenize``.
            max_length: Most tokens of a row; None for the limit that the folder has.
            on_overflow: As for ``Pipeline.tokenize``.
            special_tokens: As for ``Pipeline.tokenize``.

        Returns:
            A pipeline that ends in ``tokenize``: ``data.retokenize("./qwen3").sink_arrow("out-qwen3")``; it may go on
            with ``pack``.

        Raises:
            ColumnError: The rows have no text: made with ``keep_text=False``, or packed.
            PlanError: The folder has no format.
            TokenizerError: The tokenizer cannot be loaded.
        """
        from .retokenize import retokenize

        how = {"max_length": max_length, "on_overflow": on_overflow, "special_tokens": special_tokens}
        return retokenize(self, tokenizer, how)

    def _has_column(self, name: str) -> bool:
        return any(column["name"] == name for column in self.manifest["schema"])

    def _require_column(self, name: str) -> None:
        if not self._has_column(name):
            raise _missing_column(name, self.path, self.manifest)

    def _pad_token_id(self) -> int:
        tokenizer = self.manifest["tokenizer"] or {}
        known = (tokenizer.get("pad_token_id"), tokenizer.get("eos_token_id"), 0)
        return next(int(token) for token in known if token is not None)


class Split:
    """The rows of one split, in memory-mapped Arrow shards; ``len()`` is their number.

    Attributes:
        name: ``train``, ``valid``, ....
        shards: The Arrow files, in row order.
        tokens: Tokens of all rows; 0 for rows without ids.
        trained_tokens: Tokens whose label is trained.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], entry: dict[str, Any]) -> None:
        """One entry of the manifest's ``splits``; see ``load``."""
        # Mapped later, perhaps by a worker process that stands in another folder.
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
        """The rows as one table over the mapped files, without a copy: it takes address space, no memory.

        Raises:
            SourceError: The split has no Arrow shards (JSONL only), or one is damaged, or was removed since ``load``.
        """
        return table(self._unopened())

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars frame. polars has its own layout of text and lists, and makes their offsets; it trusts
        text, so that all of it is read here to see that it is UTF-8.

        Raises:
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: polars is not installed.
        """
        require("polars", "polars", "Split.to_polars()")
        import polars

        return polars.DataFrame(self._with_text())

    def to_datasets(self) -> datasets.Dataset:
        """The rows as ``datasets.Dataset`` over the mapped files, without a copy and without the cache.

        Pickled, it is its paths, so that worker processes map the same files. What ``map`` and ``filter`` make of it
        stays in memory, since the folder is not theirs to write to; for more give them ``cache_file_name``.

        Rows that are packed or have weights are warned about, since most collators read neither: documents of a pack
        would attend to each other, weights be ignored. The warning says what reads them.

        Raises:
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: datasets is not installed.
        """
        require("datasets", "transformers", "Split.to_datasets()")
        warn_ignored([column["name"] for column in self._manifest["schema"]], stacklevel=2)
        return self._datasets()

    def _datasets(self) -> datasets.Dataset:
        import datasets

        from .datasets_table import MappedTable

        # The folder's name is the digest of its content; without a fingerprint datasets would hash every row.
        identity = f"{self._manifest['data']}/{self.name}"
        fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return datasets.Dataset(MappedTable.of(self._unopened()), fingerprint=fingerprint)

    def to_torch(self) -> TorchRows:
        """The ids of the rows as a map-style torch data set; see ``TorchRows``.

        A row is cut from mapped arrays and nothing is decoded, so that a ``DataLoader`` is fastest with
        ``num_workers=0``: passing a batch from worker to trainer takes longer than making it.

        Raises:
            ColumnError: The rows have no ``input_ids``.
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: torch is not installed.
        """
        require("torch", "torch", "Split.to_torch()")
        from .torch_dataset import TorchRows

        if not any(column["name"] == INPUT_IDS for column in self._manifest["schema"]):
            raise _missing_column(INPUT_IDS, self._folder, self._manifest)
        return TorchRows(self._unopened(), len(self))

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
        """Batches of this rank: an epoch a pass, in an order of its own, and a cursor to resume from.

        All rows are shuffled, without memory that grows with them. Ranks and workers share them exactly once. The
        batches of one rank do not depend on the number of workers.

        ``loader.state_dict()`` is a cursor of plain numbers, the same on every rank: after ``load_state_dict`` the
        next row that no rank has had comes next, also with other numbers of ranks, workers or rows of a batch. Without
        it a pass that was left before its end is begun again, with a warning the first time.

        Args:
            collate_fn: Makes a batch of rows, as ``PreparedData.collator`` does.
            batch_size: Rows of a batch of one rank.
            seed: Of the shuffle; each epoch has an order of its own. None for the order of the shards.
            group_by_length: Whether the rows of a batch have about one length: less padding, still shuffled within
                and among the batches of a window of 64.
            rank: This process; None for that of ``torch.distributed``, else 0.
            world_size: Processes that train together; None for those of ``torch.distributed``, else 1.
            drop_last: Whether rows that do not make a batch for every rank are left out, others in each epoch. Else
                the last batch is smaller, and where a rank comes up short it gets a row of one padding token that
                weighs nothing: every rank has as many batches, so that none waits for another.
            num_workers: Processes that make batches; 0 is usually fastest.
            pin_memory: Whether batches are copied to pinned memory, for a GPU.
            prefetch_factor: Batches that each worker makes ahead; None for torch's default.

        Returns:
            A ``Loader``; ``loader.fillers`` and ``loader.dropped`` count the rows that weigh nothing or are left out.
            It is no ``torch`` DataLoader, so that ``Accelerator.prepare`` leaves it as it is and does not share the
            rows out a second time.

        Raises:
            PlanError: The batch size or the seed is out of range, or rank and world size do not fit.
            ColumnError: The rows have no ``input_ids``.
            SourceError: As ``to_arrow``.
            ModuleNotFoundError: torch is not installed.
        """
        rows = self.to_torch()
        from .batches import Batches, Loader, ranks

        batch_size = options.whole("loader", "batch_size", batch_size, 1)
        if seed is not None:
            seed = options.whole("loader", "seed", seed, 0, 1 << 64)
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
        """Parts of the split to draw a learning curve with: train on each, and see what more examples bring.

        Args:
            sizes: Rows of each part. Parts are nested: a larger one holds all rows of a smaller one.
            seed: Decides which rows are in the smaller parts.
            by: A column: every part then has its values in the shares of the split, to within a row of each.

        Returns:
            The parts by size; each gives what a split gives.

        Raises:
            PlanError: A size is out of range, or there is no such column.
            SourceError: As ``to_arrow``.
        """
        from .subset import subsets

        return subsets(self, sizes, seed, by)

    def _with_text(self) -> pyarrow.Table:
        """The rows of ``to_arrow``, for those who trust that text is UTF-8."""
        return table(self._unopened(text=True))

    def _unopened(self, *, text: bool = False) -> Shards:
        if not self.shards:
            raise SourceError.new(
                f"split {self.name!r} has no Arrow shards",
                code="no_arrow_shards",
                path=self._folder,
                help="write the folder with sink_arrow()",
            )
        return unopened(self.shards[0].parent, self._manifest, self.name, text=text)


def _missing_column(name: str, folder: Path, manifest: dict[str, Any]) -> ColumnError:
    names = [column["name"] for column in manifest["schema"]]
    return ColumnError.new(
        f"the rows have no column `{name}`; they have: {', '.join(names)}",
        code="missing_column",
        path=folder,
        column=name,
        help="add .tokenize(...) to the plan, and keep the columns it makes",
    )
