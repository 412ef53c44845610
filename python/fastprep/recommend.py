"""``recommend``: hyper-parameters for a prepared data set, each with its reason and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .data import PreparedData, Split
from .exceptions import PlanError

# docs/guide.md has the addresses. OpenAI's API reference of 2023: 4 epochs; 0.2 % of the examples a batch, 256 at most;
# a multiplier of 0.05, 0.1 or 0.2 by batch size, 0.02 to 0.2 to be searched; a prompt_loss_weight of 0.01, less where
# prompts are far longer than completions. Azure's guide of 2022: 1 to 2 epochs for generation. Alpaca's recipe of
# 2023: warm-up over 3 % of the steps.
OPENAI = "OpenAI, old default"
AZURE = "Azure, prepare your dataset"
ALPACA = "Stanford Alpaca"
COUNTED = "counted in the data"


@dataclass(frozen=True)
class Advice:
    """One value with why.

    Attributes:
        name: What it is the value of.
        value: The value.
        reason: Why, with the numbers of the data set.
        source: Where the rule comes from.
    """

    name: str
    value: float
    reason: str
    source: str


@dataclass(frozen=True)
class Recommendation:
    """Hyper-parameters to begin with; see ``recommend``.

    Attributes:
        n_epochs: Passes over the training rows.
        batch_size: Examples of an optimizer step, of all devices together.
        learning_rate_multiplier: What ``base_lr`` is multiplied by.
        learning_rate: Absolute, at its peak.
        prompt_loss_weight: Weight of a prompt's token in the loss; a completion's has 1.
        warmup_steps: Optimizer steps until the learning rate is reached.
        steps: Optimizer steps in all.
        tokens: Tokens that go through the model: those of the split, times the epochs.
        cost: ``tokens`` at the price given; None without one.
        advice: All of these with reason and source.
    """

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    learning_rate: float
    prompt_loss_weight: float
    warmup_steps: int
    steps: int
    tokens: int
    cost: float | None
    advice: tuple[Advice, ...]

    def __str__(self) -> str:
        lines = [f"{a.name:<25}{a.value:<12g}{a.reason}  [{a.source}]" for a in self.advice]
        return "\n".join(lines)

    def training_args(self, *, per_device_batch_size: int, devices: int = 1) -> dict[str, Any]:
        """Arguments for ``transformers.TrainingArguments`` or ``trl.SFTConfig``.

        Args:
            per_device_batch_size: Rows that a device holds at once, at most; accumulation makes up the rest.
            devices: Devices that train together.

        Returns:
            Epochs, learning rate, warm-up, the batch of a device and its accumulation steps. Where the batch size does
            not divide evenly, the next larger one is taken.

        Raises:
            PlanError: An argument is below 1.
        """
        if per_device_batch_size < 1 or devices < 1:
            raise PlanError.new("training_args: both numbers must be 1 or more", code="bad_option")
        of_device = math.ceil(self.batch_size / devices)
        accumulated = math.ceil(of_device / per_device_batch_size)
        return {
            "num_train_epochs": self.n_epochs,
            "learning_rate": self.learning_rate,
            "warmup_steps": self.warmup_steps,
            "per_device_train_batch_size": math.ceil(of_device / accumulated),
            "gradient_accumulation_steps": accumulated,
        }

    def ranges(self) -> dict[str, dict[str, Any]]:
        """What to search, by name: the keyword arguments of Optuna's ``suggest_int``, ``suggest_float`` (with ``log``)
        or ``suggest_categorical`` (with ``choices``)."""
        near = {1, *(max(1, min(256, round(self.batch_size * factor))) for factor in (0.5, 1, 2))} - {0}
        return {
            "n_epochs": {"low": 1, "high": 2 * self.n_epochs},
            "batch_size": {"choices": sorted(near if self.batch_size == 1 else near - {1} | {self.batch_size})},
            "learning_rate_multiplier": {"low": 0.02, "high": 0.2, "log": True},
            "prompt_loss_weight": {"choices": sorted({0.0, self.prompt_loss_weight, 0.1, 1.0})},
        }


def recommend(
    data: PreparedData | Split, *, base_lr: float, price_per_million_tokens: float | None = None
) -> Recommendation:
    """Hyper-parameters to begin a fine-tuning with, from the counts of a prepared data set.

    Args:
        data: A prepared folder, of which the split ``train`` counts, or a split. A column ``completion`` decides
            whether it is a classification: fewer distinct completions than a third of the rows.
        base_lr: The peak learning rate that the model was pre-trained with.
        price_per_million_tokens: For ``cost``, in any currency.

    Returns:
        A ``Recommendation``; printed, it gives each value with reason and source.

    Raises:
        PlanError: ``base_lr`` is not above 0, or there are no rows.
        ColumnError: The rows have no ids.
    """
    split = data if isinstance(data, Split) else data["train"]
    if not base_lr > 0 or len(split) == 0:
        raise PlanError.new(
            f"recommend: base_lr={base_lr}, {len(split)} rows: both must be above 0", code="bad_option"
        )
    examples, contexts = _counts(split)
    epochs = _epochs(split, examples)
    batch = max(1, min(256, round(0.002 * examples)))
    batch_advice = Advice("batch_size", batch, f"0.2 % of {examples:,} examples, 256 at most", OPENAI)
    multiplier = 0.05 if batch < 16 else 0.1 if batch < 64 else 0.2
    multiplier_advice = Advice(
        "learning_rate_multiplier",
        multiplier,
        f"0.05, 0.1 or 0.2, larger for larger batches; {batch} is "
        + ("below 16" if batch < 16 else "below 64" if batch < 64 else "64 or more"),
        f"{OPENAI}; where the steps lie is ours",
    )
    rate = Advice("learning_rate", base_lr * multiplier, f"base_lr {base_lr:g} × {multiplier}", OPENAI)
    weight = _prompt_loss_weight(contexts, split.trained_tokens)
    steps = math.ceil(examples / batch) * int(epochs.value)
    warmup = Advice("warmup_steps", math.ceil(0.03 * steps), f"3 % of {steps:,} steps", ALPACA)
    tokens = split.tokens * int(epochs.value)
    spent = [Advice("tokens", tokens, f"{split.tokens:,} tokens × {epochs.value:g} epochs", COUNTED)]
    cost = None
    if price_per_million_tokens is not None:
        cost = tokens / 1e6 * price_per_million_tokens
        spent.append(Advice("cost", cost, f"{tokens:,} tokens at {price_per_million_tokens:g} a million", COUNTED))
    return Recommendation(
        n_epochs=int(epochs.value),
        batch_size=batch,
        learning_rate_multiplier=multiplier,
        learning_rate=rate.value,
        prompt_loss_weight=weight.value,
        warmup_steps=int(warmup.value),
        steps=steps,
        tokens=tokens,
        cost=cost,
        advice=(epochs, batch_advice, multiplier_advice, rate, weight, warmup, *spent),
    )


def _counts(split: Split) -> tuple[int, int]:
    """Examples (of a pack, its documents), and tokens that are context."""
    import pyarrow.compute as pc

    table = split.to_arrow()
    examples = len(split)
    if "seq_lengths" in table.column_names:
        examples = pc.sum(pc.list_value_length(table["seq_lengths"])).as_py()
    if "segment_kinds" not in table.column_names:
        return examples, split.tokens - split.trained_tokens
    kinds, lengths = (pc.list_flatten(table[name]) for name in ("segment_kinds", "segment_lengths"))
    contexts = pc.sum(pc.filter(lengths, pc.equal(kinds, 1))).as_py() or 0
    return examples, contexts


def _epochs(split: Split, examples: int) -> Advice:
    import pyarrow.compute as pc

    table = split.to_arrow()
    if "completion" in table.column_names:
        distinct = pc.count_distinct(table["completion"]).as_py()
        if distinct < examples / 3:
            return Advice("n_epochs", 4, f"{distinct:,} distinct completions of {examples:,}: classification", OPENAI)
    return Advice("n_epochs", 2, "generation: 1 to 2 epochs, with a low learning rate", AZURE)


def _prompt_loss_weight(contexts: int, trained: int) -> Advice:
    ratio = contexts / max(1, trained)
    if ratio <= 50:
        return Advice("prompt_loss_weight", 0.01, f"{ratio:.1f} prompt tokens for each of the completion", OPENAI)
    weight = float(f"{0.5 / ratio:.2g}")
    reason = f"{ratio:.0f} prompt tokens for each of the completion: together they weigh half of it"
    return Advice("prompt_loss_weight", weight, reason, f"{OPENAI}; the half is ours")
