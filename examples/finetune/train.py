"""Train a small model from scratch on prepared data, with two values of prompt_loss_weight; see it learn.

Dates in words become ISO dates. Rows are prepared by fastprep, trained by `WeightedTrainer`, and answered with the
saved format: exact match over held-out rows. Losses go to `losses.svg`. On two cores it takes under two minutes; on a
GPU, `--rows`, `--hidden` and `--batch-size` scale it up.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import transformers

import fastprep as fp
from fastprep.trainer import WeightedTrainer

HERE = Path(__file__).parent
MONTHS = "January February March April May June July August September October November December".split()
COLOURS = ("#1f77b4", "#d62728")


def make_rows(count: int, seed: int) -> list[dict[str, str]]:
    """Dates in three wordings, and what they are in ISO 8601."""
    random_ = random.Random(seed)
    rows = []
    for _ in range(count):
        year, month, day = random_.randint(1950, 2029), random_.randint(1, 12), random_.randint(1, 28)
        name = MONTHS[month - 1]
        text = random_.choice([f"{name} {day}, {year}", f"{day} {name} {year}", f"the {day} of {name} {year}"])
        rows.append({"instruction": "Rewrite the date.", "input": text, "output": f"{year}-{month:02}-{day:02}"})
    return rows


def prepare(rows: int, out: Path) -> fp.PreparedData:
    """The data set in `out`."""
    fmt = fp.PromptFormat("{instruction}\n{input}", completion="{output}")
    plan = fp.from_records(make_rows(rows, seed=7)).format(fmt).dedup().split(valid=0.05, seed=7)
    print(plan.tokenize(HERE.parent / "tokenizer", max_length=128).sink_arrow(out, overwrite=True))
    return fp.load(out)


def train(data: fp.PreparedData, weight: float, options: argparse.Namespace) -> tuple[Any, list[dict[str, Any]]]:
    """A model trained with this weight of prompt tokens, and the losses on the way."""
    transformers.set_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=data.manifest["tokenizer"]["vocab_size"],
        hidden_size=options.hidden,
        intermediate_size=2 * options.hidden,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    advice = fp.recommend(data, base_lr=options.learning_rate)
    args = {
        # From scratch: far more epochs, and the whole learning rate, than a fine-tuning takes.
        **advice.training_args(per_device_batch_size=options.batch_size),
        "num_train_epochs": options.epochs,
        "learning_rate": options.learning_rate,
        "per_device_train_batch_size": options.batch_size,
        "lr_scheduler_type": "cosine",
    }
    trainer = WeightedTrainer(
        transformers.LlamaForCausalLM(config),
        args=transformers.TrainingArguments(
            str(options.out / "model"),
            **args,
            eval_strategy="steps",
            eval_steps=50,
            logging_steps=10,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=data["train"].to_torch(),
        eval_dataset=data["valid"].to_torch(),
        data_collator=data.collator(prompt_loss_weight=weight, layout="padded"),
    )
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    print(f"weight {weight:g}: {data['train'].tokens * options.epochs / seconds:,.0f} tokens/s, {seconds:.0f} s")
    return trainer.model, trainer.state.log_history


def exact(model: Any, data: fp.PreparedData, rows: int) -> float:
    """The share of held-out rows that the model answers as they are, prompted by the saved format."""
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(HERE.parent / "tokenizer")
    some = data["valid"].to_arrow().slice(0, rows).to_pylist()
    expected = [data.format.parse_completion(row["completion"]) for row in some]
    inputs = tokenizer(
        [row["prompt"] for row in some],
        return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False,
    ).to(model.device)  # fmt: skip
    width = inputs["input_ids"].shape[1]
    criteria = data.format.stopping_criteria(tokenizer, width)
    made = model.eval().generate(**inputs, max_new_tokens=24, do_sample=False, stopping_criteria=criteria)
    found = [data.format.parse_completion(tokenizer.decode(row[width:])) for row in made]
    print(*zip([row["prompt"].splitlines()[1] for row in some[:3]], found[:3], strict=True), sep="\n")
    return sum(one == other for one, other in zip(found, expected, strict=True)) / len(expected)


def plot(curves: dict[str, list[tuple[float, float]]]) -> str:
    """Curves of (step, loss) as SVG: train lines thin, valid lines thick."""
    width, height = 640, 360
    last = max(step for curve in curves.values() for step, _ in curve)
    top = max(loss for curve in curves.values() for _, loss in curve)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">']
    for i, (name, curve) in enumerate(curves.items()):
        points = " ".join(f"{step / last * width:.1f},{height - loss / top * height:.1f}" for step, loss in curve)
        thick = 3 if name.startswith("valid") else 1
        colour = COLOURS[i // 2 % 2]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="{thick}" points="{points}"/>')
        parts.append(f'<text x="{width - 220}" y="{20 * (i + 1)}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
    """Prepare, train twice, evaluate, plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("finetune-out"))
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.1])
    options = parser.parse_args()
    data = prepare(options.rows, options.out / "data")
    curves: dict[str, list[tuple[float, float]]] = {}
    for weight in options.weights:
        model, history = train(data, weight, options)
        for name, key in (("train", "loss"), ("valid", "eval_loss")):
            curves[f"{name}, prompt_loss_weight={weight:g}"] = [(e["step"], e[key]) for e in history if key in e]
        print(f"weight {weight:g}: {exact(model, data, 100):.0%} exact")
    (options.out / "losses.svg").write_text(plot(curves), "utf-8")
    (options.out / "prompt_format.json").write_text(data.format.to_json(), "utf-8")


if __name__ == "__main__":
    main()
