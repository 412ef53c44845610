"""Inputs of the benches: prompt/completion JSON lines, generated from a seed or taken from real sets.

As a script it writes one file; `ensure` runs it in a process of its own, since a child's peak memory is
never reported lower than its parent's.
"""

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

# Texts to append to a prompt or to put in a completion's place.
WITHIN = [("a\n##\nb", None), (None, "a\n##\nb"), ("a\n###\nb", None), (None, "a\n###\nb")]
SEAMS = [("a\n##", None), ("a\n###", None), (None, "##\nb"), (None, "###\nb"), (None, "a\n##"), (None, "a\n###")]
SEAMS += [(None, "##"), (None, "###")]  # completions so short that a collision spans both seams
FIELDS = [("prompt", "completion"), ("instruction", "output"), ("question", "answer")]

COMMON = (
    "the of and to a in is that for it was on with as be at by this from have or an are not what which "
    "you he they we can will one all would there their has when if more about who do out up so them some "
    "time than its only into new could these two may then other first how any like our over such most "
    "people also after many must before through back years where much your way well down should because "
    "each just those good how long make see him himself here between both life being under never day same "
    "another know while last might us great old year off come since against go came right used take three "
    "answer question following text sentence write given list number name explain describe summary"
).split()
STEMS = (
    "account act add allow appear apply base bring build call carry cause change charge check claim clear "
    "close collect color compare connect consider contain control cook count cover create cross customer "
    "deal decide deliver depend design develop direct discuss double draw drive effect employ end enter "
    "event exist expect experience express fail farm fill find finish form friend garden govern group grow "
    "handle head help hold hope hour house improve include increase inform interest join keep kind land lead "
    "learn letter light limit line link listen look machine mark market matter mean measure member mention "
    "mind moment month morning move music need note object offer open order paint paper part pass pay people "
    "perform pick place plan plant play point power prepare present press print problem process produce "
    "program project protect provide publish pull push reach read reason receive record reduce report "
    "request require research rest result return river road room round rule sail sea search season seem sell "
    "send serve shape share short show sign sort sound speak stand start state station stay step stop story "
    "street student study suggest supply support system table talk teach team test think thread toward town "
    "track trade train travel treat turn type understand value view visit voice wait walk want watch water "
    "weather weight window winter wonder work"
).split()
ENDINGS = ["", "s", "ed", "ing", "er", "ers", "able", "ment"]


def escape(text: str) -> str:
    """The text as the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def vocabulary(rng: np.random.Generator, size: int) -> list[str]:
    """Words by rank: common English ones, forms of frequent stems, then invented ones of two or three syllables."""
    onsets = "b c d f g h j k l m n p r s t v w st tr ch sh pl gr br".split()
    nuclei = "a e i o u a e i o ea ou io é ö".split()
    codas = ["", "", "", "n", "r", "s", "t", "l", "ng", "nd"]
    syllables = [o + n + c for o in onsets for n in nuclei for c in codas]
    picks = rng.integers(0, len(syllables), (size, 3))
    counts = rng.integers(2, 4, size)
    invented = ["".join(syllables[j] for j in row[:n]) for row, n in zip(picks, counts, strict=True)]
    return COMMON + [stem + ending for ending in ENDINGS for stem in STEMS] + invented


def sentences(rng: np.random.Generator, words: list[str], count: int) -> list[str]:
    """Sentences of Zipf-distributed words, some of them lists, code, numbers or another script."""
    weights = np.arange(1, len(words) + 1) ** -1.1
    weights /= weights.sum()
    lengths = rng.integers(4, 24, count)
    picks = rng.choice(len(words), size=int(lengths.sum()), p=weights)
    kinds = rng.random(count)
    pool, at = [], 0
    for n, kind in zip(lengths, kinds, strict=True):
        chosen = [words[j] for j in picks[at : at + n]]
        at += n
        if kind < 0.85:
            text = " ".join(chosen).capitalize() + "."
        elif kind < 0.90:
            text = "\n- " + "\n- ".join(chosen[:6])
        elif kind < 0.95:
            text = f'\n    if {chosen[0]}({chosen[1]}) == "{chosen[2]}":\n\treturn {chosen[3]}[{n}]\n'
        elif kind < 0.98:
            text = f"{n * 37 % 1000}.{n} {chosen[0]} ({chosen[1]}/{chosen[2]}), {n}%; \\{chosen[3]}{{{n}}}"
        else:
            text = "".join(chr(0x4E00 + len(w) * 97 + ord(w[0])) for w in chosen) + "。🙂 Привет, мир!"
        pool.append(escape(text))
    return pool


def line(prompt: str, completion: str) -> str:
    """A row of two escaped fields."""
    return f'{{"prompt": "{prompt}", "completion": "{completion}"}}\n'


def generated(seed: int, duplicates: float, seams: bool) -> Iterator[str]:
    """Rows without end: log-normal lengths, new words and numbers in each, copies and collisions planted."""
    rng = np.random.default_rng(seed)
    words = vocabulary(rng, 20_000)
    pool = sentences(rng, words, 50_000)
    plants = [[text and escape(text) for text in plant] for plant in WITHIN + (SEAMS if seams else [])]
    earlier: list[str] = []
    planted = 0
    while True:
        size = 4_096
        prompts = np.clip(rng.lognormal(1.6, 0.9, size).astype(int), 1, 120)
        completions = np.clip(rng.lognormal(0.8, 0.8, size).astype(int), 1, 60)
        picks = rng.integers(0, len(pool), int(prompts.sum() + completions.sum())).tolist()
        fresh = rng.integers(0, len(words), (size, 2)).tolist()
        numbers = rng.integers(0, 10**9, size).tolist()
        copy, plant = rng.random(size), rng.random(size)
        slots = rng.integers(0, 20_000, size).tolist()
        at = 0
        for i in range(size):
            if earlier and copy[i] < duplicates:
                yield earlier[slots[i] % len(earlier)]
                continue
            middle, end = at + int(prompts[i]), at + int(prompts[i] + completions[i])
            prompt, completion = (" ".join(map(pool.__getitem__, picks[a:b])) for a, b in ((at, middle), (middle, end)))
            at = end
            new = "".join(words[j] for j in fresh[i])
            prompt = f"{new.capitalize()} {numbers[i]}: {prompt}"
            if plant[i] < 0.001:
                one, two = plants[planted % len(plants)]
                planted += 1
                prompt, completion = prompt + one if one else prompt, two or completion
            row = line(prompt, completion)
            if len(earlier) < 20_000:
                earlier.append(row)
            else:
                earlier[slots[i]] = row
            yield row


def real(folder: Path, seed: int) -> Iterator[str]:
    """Rows of all sets in a folder that have a prompt and a completion; a suffix tells the passes apart."""
    rows = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for text in file:
                row = json.loads(text)
                pair = next(((row.get(p), row.get(c)) for p, c in FIELDS if p in row), (None, None))
                if not all(isinstance(field, str) for field in pair):
                    continue
                prompt = "\n".join(filter(None, [pair[0], row.get("input")]))
                # A control token in the text is a finding with a policy on one side and an EOS on the other.
                completion = pair[1].removesuffix("<|endoftext|>")
                if prompt.strip() and completion.strip():
                    rows.append((escape(prompt), escape(completion)))
    if not rows:
        raise SystemExit(f"no rows with a prompt and a completion in {folder.name}/*.jsonl.gz")
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    turn = 0
    while True:
        suffix = f" [{turn}]" if turn else ""
        for i in order:
            yield line(rows[i][0] + suffix, rows[i][1])
        turn += 1


def write(path: Path, megabytes: float, rows: Iterator[str]) -> None:
    """Writes whole rows until the file has `megabytes` · 10⁶ bytes."""
    left = int(megabytes * 1e6)
    with path.open("wb") as file:
        for row in rows:
            left -= file.write(row.encode())
            if left <= 0:
                return


def ensure(work: Path, megabytes: float, *, seed: int, duplicates: float, seams: bool, folder: Path | None) -> Path:
    """The input of these parameters, made if it is not there."""
    name = f"real-{seed}" if folder else f"generated-{seed}-{duplicates:g}-{'seams' if seams else 'within'}"
    path = work / f"{name}-{megabytes:g}.jsonl"
    if not path.exists():
        part = path.with_suffix(".part")
        command = [sys.executable, __file__, "--mb", str(megabytes), "--seed", str(seed), "--out", str(part)]
        command += ["--duplicates", str(duplicates)] + ["--seams"] * seams
        subprocess.run(command + (["--data", str(folder)] if folder else []), check=True)
        part.rename(path)
    return path


def main() -> None:
    """Writes one input file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=float, required=True, help="size in 10⁶ bytes")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--duplicates", type=float, default=0.1, help="share of rows that repeat an earlier one")
    parser.add_argument("--seams", action="store_true", help="plant collisions across seams too")
    parser.add_argument("--data", type=Path, help="folder of real sets (*.jsonl.gz) instead")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows = real(args.data, args.seed) if args.data else generated(args.seed, args.duplicates, args.seams)
    write(args.out, args.mb, rows)


if __name__ == "__main__":
    main()
