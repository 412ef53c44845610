"""Prepare the example data: plan, preview, report. Leaves the folder `demo-out`, which `fastprep.load` opens."""

from pathlib import Path

import fastprep as fp

HERE = Path(__file__).parent

fmt = fp.PromptFormat(
    "{instruction}{#input}\n\n{input}{/input}", completion="{output}", separator="\n##\n", stop="\n###\n"
)
plan = (
    fp.scan_jsonl(HERE / "data" / "support.jsonl")
    .format(fmt)
    .dedup()
    .split(valid=0.1, seed=7)
    .tokenize(HERE / "tokenizer", max_length=512)
    .shuffle(seed=7)
)
print(plan.explain(), end="\n\n")
plan.preview(2)
print()
print(plan.sink_arrow("demo-out", overwrite=True))
