"""``load`` and ``PreparedData``: a prepared folder as a mapping from split names to splits."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import INPUT_IDS, LABELS, SEGMENT_KINDS, SEQ_LENGTHS, manifest
from fastprep.chat_format import ChatFormat
from fastprep.exceptions import FastprepError, PlanError
from fastprep.loss_columns import WEIGHTS
from fastprep.optional_packages import require
from fastprep.preference_columns import refuse_preferences
from fastprep.prepared.damaged import damaged
from fastprep.prepared.split import Split, missing_column
from fastprep.prompt_format import PromptFormat

if TYPE_CHECKING:
    from fastprep.pipeline import Pipeline
    from fastprep.prepared.trainer_input import TrainerInput
    from fastprep.torch.collator import Collator
    from fastprep.words import Layout, OnOverflow, PaddingSide, SpecialTokens


def load(path: str | os.PathLike[str]) -> PreparedData:
    """Opens a folder that ``sink_arrow`` wrote. Files are mapped when rows are read, not before.

    Args:
        path: The folder that holds ``manifest.json``.

    Returns:
        A mapping from split name to ``Split``, in the plan's order. Without the step ``split`` there is only ``train``.

    Raises:
        SourceError: The manifest is missing, damaged or of a newer version, or a shard is missing or does not have the
            size in the manifest. The error names the file, and the field of a manifest.

    Examples:
        A training loop in torch that trains prompts at a tenth of the weight:

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
    return PreparedData(Path(option_checks.path("load", "folder", path)))


class PreparedData(Mapping[str, "Split"]):
    """A prepared folder: its splits by name, its manifest, and what trainers need to use it unchanged.

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
        """The split. Otherwise KeyError, which lists the splits."""
        try:
            return self._splits[split]
        except KeyError:
            hint = option_checks.did_you_mean(str(split), self._splits)
            raise KeyError(f"there is no split {split!r}; splits: {', '.join(self._splits)}{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    def __repr__(self) -> str:
        return f"PreparedData({str(self.path)!r}, {list(self._splits.values())})"

    @functools.cached_property
    def format(self) -> PromptFormat | ChatFormat | None:
        """The format of training, to render prompts at inference; None if the plan has no ``format``."""
        recorded = self.manifest["format"]
        if recorded is None:
            return None
        try:
            if isinstance(recorded, dict) and "chat_template" in recorded:
                return ChatFormat.from_json(json.dumps(recorded))
            return PromptFormat.from_json(json.dumps(recorded))
        except FastprepError as error:
            raise damaged(self.path, f"format: {error}") from error

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
        """A ``collate_fn`` that makes a batch of rows, with a weight for each token; see ``Collator``.

        ``fastprep.trainer.WeightedTrainer`` turns weights on; for a loop of your own that uses them, pass
        ``weighted=True``. Other trainers ignore weights: their batches have labels for completions only, with a warning
        if that changes the loss. For TRL see ``trl_args``.

        Args:
            prompt_loss_weight: The weight of context tokens, 0 to 1; target tokens have 1. It needs
                ``WeightedTrainer`` or ``weighted``.
            pad_to_multiple_of: The length of a batch is a multiple of this many tokens; None for the longest row.
            pad_token_id: None for the tokenizer's padding token, else its EOS token, else 0. Padding is masked and
                never trained, so any id will do.
            padding_side: ``"right"`` for training, ``"left"`` for generating from a batch.
            layout: ``"padded"`` to the longest row, or ``"flat"``: all rows one after another in a single row, in which
                documents do not attend to each other (transformers calls it padding-free). None: flat if the rows are
                packed, else padded.
            weighted: Whether your own loop multiplies the loss by ``loss_weights``. Not needed for
                ``WeightedTrainer``.

        Returns:
            A picklable callable. It refuses packed rows without ``seq_lengths``, a column that
            ``transformers.Trainer`` removes unless ``remove_unused_columns=False`` is set.

        Raises:
            PlanError: An argument is out of range, or the rows are packed and the layout is padded: their documents
                would attend to each other.
            ColumnError: The rows have no ids, or no segments although prompts have a weight.
            ModuleNotFoundError: torch is not installed.
        """
        require("torch", "torch", "PreparedData.collator()")
        refuse_preferences([column["name"] for column in self.manifest["schema"]], self.path)
        from fastprep.torch.collator import Collator

        self._require_column(INPUT_IDS)
        if prompt_loss_weight or not self._has_column(LABELS):
            self._require_column(SEGMENT_KINDS)
        packed = self._has_column(SEQ_LENGTHS)
        if packed and layout == "padded":
            raise PlanError.new(
                "the rows are packed: padding a batch of them would let their documents attend to each other",
                code="packed_rows",
                path=self.path,
                help="leave layout out to get the flat layout, or prepare the data without .pack()",
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
        """Arguments for ``trl.SFTConfig`` with which ``SFTTrainer`` trains the rows unchanged, without cutting any.

        Packed rows are flattened with ``padding_free``, which keeps their documents separate. Then pass ``SFTTrainer``
        no ``data_collator``, and do not turn ``remove_unused_columns`` off.

        Args:
            weighted: Whether the trainer has ``WeightedLoss``, and ``data.collator(...)`` as its ``data_collator``. All
                columns then reach the collator, which also keeps packed documents separate. An ``SFTTrainer`` without
                ``WeightedLoss`` trains only completions with these arguments.

        Returns:
            Keyword arguments: ``SFTConfig(**data.trl_args(), output_dir=...)``.

        Raises:
            ColumnError: The rows have no ``labels``; TRL would silently tokenize again, or train the prompts.
        """
        refuse_preferences([column["name"] for column in self.manifest["schema"]], self.path)
        self._require_column(INPUT_IDS)
        self._require_column(LABELS)
        return {
            "max_length": None,
            "packing": False,
            "padding_free": self._has_column(SEQ_LENGTHS) and not weighted,
            "dataset_kwargs": {"skip_prepare_dataset": True},
        } | ({"remove_unused_columns": False} if weighted else {})

    def dpo(self) -> TrainerInput:
        """Rows of two answers for DPO: ``dpo = data.dpo()``, then ``dpo.trainer(model, args=DPOConfig(**dpo.args, ...),
        train_dataset=dpo["train"], processing_class=tokenizer)``.

        TRL's ``DPOTrainer`` tokenizes rows itself, even if they have ids. ``dpo.trainer`` is that class without this
        step. Its loss counts all tokens of an answer.

        Returns:
            A ``TrainerInput``. Its rows are mapped files. Their columns have other names than those of ``reward()``,
            so that neither trainer takes the rows of the other.

        Raises:
            ColumnError: The rows do not have two answers, or no ids.
            DataError: ``preference_rows``: an answer has tokens within that must not train.
            SourceError: As ``Split.to_arrow``.
            ModuleNotFoundError: datasets is not installed; for ``trainer``, trl.
        """
        from fastprep.prepared.trainer_input import dpo

        return dpo(self)

    def kto(self) -> TrainerInput:
        """Rows of an answer with a label for KTO; used as ``dpo``, with ``KTOConfig``.

        Raises:
            ColumnError: The rows have no label, or no ids.
            DataError: ``preference_rows``: an answer has tokens within that must not train.
            SourceError: As ``Split.to_arrow``.
            ModuleNotFoundError: datasets is not installed; for ``trainer``, trl.
        """
        from fastprep.prepared.trainer_input import kto

        return kto(self)

    def reward(self) -> TrainerInput:
        """Rows of two answers for a reward model; used as ``dpo``, with ``RewardConfig``.

        ``chosen_ids`` and ``rejected_ids`` are whole sequences here: the prompt, then the answer. They are made in
        memory. A column ``margin``, how much better the preferred answer is, stays. ``reward.trainer`` is TRL's
        class, which refuses ``max_length``: TRL's would drop longer rows without a word. No token of an answer trains,
        so any answer will do.

        Raises:
            ColumnError: The rows do not have two answers, or no ids; ``margin`` is not a number in each row.
            SourceError: As ``Split.to_arrow``.
            ModuleNotFoundError: datasets is not installed; for ``trainer``, trl.
        """
        from fastprep.prepared.trainer_input import reward

        return reward(self)

    def retokenize(
        self,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        on_overflow: OnOverflow = "reject",
        special_tokens: SpecialTokens | None = None,
    ) -> Pipeline:
        """The same rows for another base model: a pipeline over the kept text.

        Splits, their order and the format stay. The raw data is not read or deduplicated again. Rows that hold a
        control token of the new tokenizer are rejected (of conversations it is plain text), and so are rows that are
        too long with it. The keys stay in the old folder: pass that one to ``dedup(against=...)``.

        Args:
            tokenizer: As for ``Pipeline.tokenize``.
            max_length: The greatest number of tokens of a row; None for the folder's own limit.
            on_overflow: As for ``Pipeline.tokenize``.
            special_tokens: As for ``Pipeline.tokenize``.

        Returns:
            A pipeline that ends in ``tokenize``: ``data.retokenize("./qwen3").sink_arrow("out-qwen3")``. ``pack`` may
            follow.

        Raises:
            ColumnError: The rows have no text: they were made with ``keep_text=False``, or packed.
            PlanError: The folder has no format.
            TokenizerError: The tokenizer cannot be loaded.
        """
        from fastprep.prepared.retokenize import retokenize

        settings = {"max_length": max_length, "on_overflow": on_overflow, "special_tokens": special_tokens}
        return retokenize(self, tokenizer, settings)

    def _has_column(self, name: str) -> bool:
        return any(column["name"] == name for column in self.manifest["schema"])

    def _require_column(self, name: str) -> None:
        if not self._has_column(name):
            raise missing_column(name, self.path, self.manifest)

    def _pad_token_id(self) -> int:
        tokenizer = self.manifest["tokenizer"] or {}
        known = (tokenizer.get("pad_token_id"), tokenizer.get("eos_token_id"), 0)
        return next(int(token) for token in known if token is not None)
