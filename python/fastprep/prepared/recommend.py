"""``recommend``: hyper-parameters for a prepared data set, each with its reason and source."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from fastprep import options
from fastprep._fastprep import COMPLETION, CONTEXT, SEGMENT_KINDS, SEGMENT_LENGTHS, SEQ_LENGTHS, TRAIN
from fastprep.prepared.prepared_data import PreparedData, load
from fastprep.prepared.split import Split
from fastprep.words import Method

# docs/guide.md has the addresses. OpenAI's API reference of 2023: 4 epochs; 0.2 % of the examples a batch, 256 at most;
# a multiplier of 0.05, 0.1 or 0.2 by batch size, 0.02 to 0.2 to be searched; a prompt_loss_weight of 0.01, less where
# prompts are far longer than completions. Azure's guide of 2022: 1 to 2 epochs for generation. Alpaca's recipe of
# 2023: warm-up over 3 % of the steps, and 2e-5 for all weights of a model of 7 billion. TRL's page on the study "LoRA
# Without Regret" of 2025: 2e-4 for adapters, ten times the rate of full fine-tuning, and batches below 32.
OPENAI = "OpenAI, old default"
AZURE = "Azure, prepare your dataset"
ALPACA = "Stanford Alpaca"
TRL = "TRL, LoRA without regret"
COUNTED = "counted in the data"
GIVEN = "given"

RATES = {"full": 2e-5, "lora": 2e-4}
"""Learning rates at their peak, where the rate of pre-training is not given."""
LARGEST = {"full": 256, "lora": 16}
"""Examples of a step, at most."""


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
        learning_rate_multiplier: What ``base_lr`` is multiplied by; None without one.
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
    learning_rate_multiplier: float | None
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
        per_device_batch_size = options.whole("training_args", "per_device_batch_size", per_device_batch_size, 1)
        devices = options.whole("training_args", "devices", devices, 1)
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
        found: dict[str, dict[str, Any]] = {"n_epochs": {"low": 1, "high": 2 * self.n_epochs}}
        if not self._has("batch_size", GIVEN):
            near = {1, *(max(1, min(256, round(self.batch_size * factor))) for factor in (0.5, 1, 2))} - {0}
            choices = near if self.batch_size == 1 else near - {1} | {self.batch_size}
            found["batch_size"] = {"choices": sorted(choices)}
        if self.learning_rate_multiplier is None:
            found["learning_rate"] = {"low": self.learning_rate / 4, "high": self.learning_rate * 4, "log": True}
        else:
            found["learning_rate_multiplier"] = {"low": 0.02, "high": 0.2, "log": True}
        found["prompt_loss_weight"] = {"choices": sorted({0.0, self.prompt_loss_weight, 0.1, 1.0})}
        return found

    def _has(self, name: str, source: str) -> bool:
        return any((advice.name, advice.source) == (name, source) for advice in self.advice)


def recommend(
    data: PreparedData | Split | str | os.PathLike[str],
    *,
    method: Method = "full",
    base_lr: float | None = None,
    batch_size: int | None = None,
    price_per_million_tokens: float | None = None,
) -> Recommendation:
    """Hyper-parameters to begin a fine-tuning with, from the counts of a prepared data set.

    Args:
        data: A prepared folder or its path, of which the split ``train`` counts, or a split. A column ``completion``
            decides whether it is a classification: fewer distinct completions than a third of the rows.
        method: ``"full"`` trains all weights, ``"lora"`` adapters, which take higher rates and smaller batches.
        base_lr: The peak learning rate that the model was pre-trained with, for full fine-tuning: the rate is then a
            share of it. None: a rate that is known to work.
        batch_size: Examples of an optimizer step, of all devices together. None: by the number of examples.
        price_per_million_tokens: For ``cost``, in any currency.

    Returns:
        A ``Recommendation``; printed, it gives each value with reason and source.

    Raises:
        PlanError: An option is out of range, or there are no rows.
        ColumnError: The rows have no ids.
        SourceError: A path is no prepared folder, or the folder is damaged.
    """
    split = _split(data)
    if options.text("recommend", "method", method) not in RATES:
        raise options.bad(f"recommend: method={method!r} is none of {', '.join(RATES)}")
    if base_lr is not None and not options.number("recommend", "base_lr", base_lr) > 0:
        raise options.bad(f"recommend: base_lr={base_lr} must be above 0")
    if base_lr is not None and method != "full":
        raise options.bad(
            f"recommend: base_lr={base_lr} is for full fine-tuning, and method={method!r}",
            "leave it out: rates of adapters are no shares of the rate of pre-training",
        )
    if batch_size is not None:
        batch_size = options.whole("recommend", "batch_size", batch_size, 1)
    if price_per_million_tokens is not None:
        options.number("recommend", "price_per_million_tokens", price_per_million_tokens)
    if len(split) == 0:
        raise options.bad(f"recommend: split {split.name!r} has no rows")
    examples, contexts = _counts(split)
    epochs = _epochs(split, examples)
    batch = _batch_size(examples, method, batch_size)
    rates = _rates(method, base_lr, int(batch.value))
    weight = _prompt_loss_weight(contexts, split.trained_tokens)
    steps = math.ceil(examples / batch.value) * int(epochs.value)
    warmup = Advice("warmup_steps", math.ceil(0.03 * steps), f"3 % of {steps:,} steps", ALPACA)
    tokens = split.tokens * int(epochs.value)
    spent = [Advice("tokens", tokens, f"{split.tokens:,} tokens × {epochs.value:g} epochs", COUNTED)]
    cost = None
    if price_per_million_tokens is not None:
        cost = tokens / 1e6 * price_per_million_tokens
        spent.append(Advice("cost", cost, f"{tokens:,} tokens at {price_per_million_tokens:g} a million", COUNTED))
    return Recommendation(
        n_epochs=int(epochs.value),
        batch_size=int(batch.value),
        learning_rate_multiplier=rates[0].value if len(rates) > 1 else None,
        learning_rate=rates[-1].value,
        prompt_loss_weight=weight.value,
        warmup_steps=int(warmup.value),
        steps=steps,
        tokens=tokens,
        cost=cost,
        advice=(epochs, batch, *rates, weight, warmup, *spent),
    )


def _split(data: Any) -> Split:
    """The split that counts."""
    if isinstance(data, (str, os.PathLike)):
        data = load(data)
    if isinstance(data, PreparedData):
        if TRAIN not in data:
            names = ", ".join(data)
            raise options.bad(f"recommend: there is no split {TRAIN!r}; there are: {names}", "give one of them")
        return data[TRAIN]
    if not isinstance(data, Split):
        raise options.bad(
            f"recommend: {data!r} is of type {type(data).__name__}, and is no prepared data",
            'give the folder that a sink wrote, or fastprep.load("out")',
        )
    return data


def _batch_size(examples: int, method: Method, given: int | None) -> Advice:
    too_large = "; adapters learn worse from 32 examples and more" if method == "lora" and (given or 0) >= 32 else ""
    if given is not None:
        return Advice("batch_size", given, f"as given{too_large}", GIVEN)
    most = LARGEST[method]
    value = max(1, min(most, round(0.002 * examples)))
    source = OPENAI if method == "full" else f"{OPENAI}; below 32: {TRL}"
    return Advice("batch_size", value, f"0.2 % of {examples:,} examples, {most} at most", source)


def _rates(method: Method, base_lr: float | None, batch: int) -> list[Advice]:
    """The learning rate, behind the multiplier that it comes from, where there is one."""
    if method == "lora":
        return [Advice("learning_rate", RATES["lora"], "adapters: about 10 times that of full fine-tuning", TRL)]
    if base_lr is None:
        return [Advice("learning_rate", RATES["full"], "all weights of a model of 7 billion; lower for larger", ALPACA)]
    multiplier = 0.05 if batch < 16 else 0.1 if batch < 64 else 0.2
    reason = f"0.05, 0.1 or 0.2, larger for larger batches; {batch} is "
    reason += "below 16" if batch < 16 else "below 64" if batch < 64 else "64 or more"
    return [
        Advice("learning_rate_multiplier", multiplier, reason, f"{OPENAI}; where the steps lie is ours"),
        Advice("learning_rate", base_lr * multiplier, f"base_lr {base_lr:g} × {multiplier}", OPENAI),
    ]


def _counts(split: Split) -> tuple[int, int]:
    """Examples (of a pack, its documents), and tokens that are context."""
    import pyarrow.compute as pc

    table = split.to_arrow()
    examples = len(split)
    if SEQ_LENGTHS in table.column_names:
        examples = pc.sum(pc.list_value_length(table[SEQ_LENGTHS])).as_py()
    if SEGMENT_KINDS not in table.column_names:
        return examples, split.tokens - split.trained_tokens
    kinds, lengths = (pc.list_flatten(table[name]) for name in (SEGMENT_KINDS, SEGMENT_LENGTHS))
    contexts = pc.sum(pc.filter(lengths, pc.equal(kinds, CONTEXT))).as_py() or 0
    return examples, contexts


def _epochs(split: Split, examples: int) -> Advice:
    import pyarrow.compute as pc

    table = split.to_arrow()
    if COMPLETION in table.column_names:
        distinct = pc.count_distinct(table[COMPLETION]).as_py()
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
