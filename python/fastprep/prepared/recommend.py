"""``recommend``: hyper-parameters for a prepared data set, each with a reason and a source."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from fastprep import option_checks
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
"""Peak learning rates if the rate of pre-training is not given."""
MAX_BATCH_SIZE = {"full": 256, "lora": 16}


@dataclass(frozen=True)
class Advice:
    """One value, with its reason and source.

    Attributes:
        name: The name of the hyper-parameter or count.
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
    """Hyper-parameters to start with; see ``recommend``.

    Attributes:
        n_epochs: Passes over the training rows.
        batch_size: Examples of an optimizer step, of all devices together.
        learning_rate_multiplier: The factor of ``base_lr``; None without ``base_lr``.
        learning_rate: The peak learning rate.
        prompt_loss_weight: The weight of a prompt token in the loss; a completion token has 1.
        warmup_steps: Optimizer steps until the learning rate is reached.
        steps: Optimizer steps in total.
        tokens: Tokens that go through the model: the tokens of the split, times the epochs.
        cost: The price of ``tokens``; None without a price.
        advice: All of these, with reasons and sources.
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
            per_device_batch_size: The greatest number of rows that fit on a device; accumulation makes up the rest.
            devices: The number of devices that train together.

        Returns:
            Epochs, learning rate, warm-up, batch size of a device and accumulation steps. If the batch size does not
            divide evenly, it is rounded up.

        Raises:
            PlanError: An argument is below 1.
        """
        size = option_checks.whole_number("training_args", "per_device_batch_size", per_device_batch_size, 1)
        devices = option_checks.whole_number("training_args", "devices", devices, 1)
        per_device = math.ceil(self.batch_size / devices)
        accumulation = math.ceil(per_device / size)
        return {
            "num_train_epochs": self.n_epochs,
            "learning_rate": self.learning_rate,
            "warmup_steps": self.warmup_steps,
            "per_device_train_batch_size": math.ceil(per_device / accumulation),
            "gradient_accumulation_steps": accumulation,
        }

    def ranges(self) -> dict[str, dict[str, Any]]:
        """Ranges for a search, by name: the keyword arguments of Optuna's ``suggest_int``, ``suggest_float`` (with
        ``log``) or ``suggest_categorical`` (with ``choices``)."""
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
    """Hyper-parameters to start fine-tuning with, from the counts of a prepared data set.

    Args:
        data: A prepared folder or its path, whose split ``train`` is used, or a split. If the rows have a column
            ``completion`` with fewer distinct values than a third of the rows, the data counts as a classification.
        method: ``"full"`` trains all weights, ``"lora"`` trains adapters, with higher rates and smaller batches.
        base_lr: For full fine-tuning, the peak learning rate of pre-training: the recommended rate is then a share of
            it. None for a rate that is known to work.
        batch_size: Examples of an optimizer step, of all devices together. None to derive it from the number of
            examples.
        price_per_million_tokens: For ``cost``, in any currency.

    Returns:
        A ``Recommendation``. Printed, it shows each value with its reason and source.

    Raises:
        PlanError: An option is out of range, or there are no rows.
        ColumnError: The rows have no ids.
        SourceError: The path is not a prepared folder, or the folder is damaged.
    """
    split = _split(data)
    if option_checks.text("recommend", "method", method) not in RATES:
        raise option_checks.bad_option(f"recommend: `method` must be one of {', '.join(RATES)}; got {method!r}")
    if base_lr is not None and not option_checks.number("recommend", "base_lr", base_lr) > 0:
        raise option_checks.bad_option(f"recommend: `base_lr` must be above 0; got {base_lr}")
    if base_lr is not None and method != "full":
        raise option_checks.bad_option(
            f"recommend: `base_lr` is for full fine-tuning only, but method={method!r}",
            "leave base_lr out: the rates of adapters do not depend on the rate of pre-training",
        )
    if batch_size is not None:
        batch_size = option_checks.whole_number("recommend", "batch_size", batch_size, 1)
    if price_per_million_tokens is not None:
        option_checks.number("recommend", "price_per_million_tokens", price_per_million_tokens)
    if len(split) == 0:
        raise option_checks.bad_option(f"recommend: the split {split.name!r} has no rows")
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
    """The split to count."""
    if isinstance(data, (str, os.PathLike)):
        data = load(data)
    if isinstance(data, PreparedData):
        if TRAIN not in data:
            names = ", ".join(data)
            what = f"recommend: there is no split {TRAIN!r}; splits: {names}"
            raise option_checks.bad_option(what, "pass one of them")
        return data[TRAIN]
    if not isinstance(data, Split):
        raise option_checks.bad_option(
            f"recommend: `data` must be prepared data; got {data!r} of type {type(data).__name__}",
            'pass the folder that a sink wrote, or fastprep.load("out")',
        )
    return data


def _batch_size(examples: int, method: Method, given: int | None) -> Advice:
    too_large = "; adapters learn worse from 32 examples and more" if method == "lora" and (given or 0) >= 32 else ""
    if given is not None:
        return Advice("batch_size", given, f"as given{too_large}", GIVEN)
    most = MAX_BATCH_SIZE[method]
    value = max(1, min(most, round(0.002 * examples)))
    source = OPENAI if method == "full" else f"{OPENAI}; below 32: {TRL}"
    return Advice("batch_size", value, f"0.2 % of {examples:,} examples, {most} at most", source)


def _rates(method: Method, base_lr: float | None, batch: int) -> list[Advice]:
    """The learning rate, preceded by its multiplier if it has one."""
    if method == "lora":
        return [Advice("learning_rate", RATES["lora"], "adapters: about 10 times the rate of full fine-tuning", TRL)]
    if base_lr is None:
        return [Advice("learning_rate", RATES["full"], "all weights of a 7B model; lower for larger models", ALPACA)]
    multiplier = 0.05 if batch < 16 else 0.1 if batch < 64 else 0.2
    reason = f"0.05, 0.1 or 0.2, larger for larger batches; {batch} is "
    reason += "below 16" if batch < 16 else "below 64" if batch < 64 else "64 or more"
    return [
        Advice("learning_rate_multiplier", multiplier, reason, f"{OPENAI}; thresholds chosen by fastprep"),
        Advice("learning_rate", base_lr * multiplier, f"base_lr {base_lr:g} × {multiplier}", OPENAI),
    ]


def _counts(split: Split) -> tuple[int, int]:
    """The number of examples (documents, in packs) and of context tokens."""
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
        return Advice("prompt_loss_weight", 0.01, f"{ratio:.1f} prompt tokens for each completion token", OPENAI)
    weight = float(f"{0.5 / ratio:.2g}")
    reason = f"{ratio:.0f} prompt tokens for each completion token: together they weigh half as much"
    return Advice("prompt_loss_weight", weight, reason, f"{OPENAI}; the factor of a half chosen by fastprep")
