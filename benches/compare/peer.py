"""A tokenizer of any library in a process of its own: it loads once, then encodes the same texts whenever it is asked.

`peer.py SIDE TOKENIZER FOLDER`, by the interpreter in which the library is installed. FOLDER holds the texts twice:
`texts.arrow`, one column; and `texts.jsonl`, the first half of them as `prompt`, the other as `completion`. Says on
standard output, in JSON lines, how long loading took and the library's version, or why it refuses; then answers each
line of standard input: `run` with the seconds of one encoding of all texts, `save PATH` with nothing, once the ids are
in that file.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

Ids = tuple[np.ndarray, np.ndarray]
"""All ids one after another, and the number of each text's."""


class Side:
    """How a library is asked: `load` once, `encode` timed, `ids` of what it gave, not timed."""

    def __init__(self, tokenizer: Path, folder: Path) -> None:
        self.folder = folder
        self.load(tokenizer)

    def texts(self) -> Any:
        """What the library takes; made before the time."""
        with pa.memory_map(str(self.folder / "texts.arrow")) as file:
            return pa.ipc.open_file(file).read_all().column(0).to_pylist()

    def load(self, tokenizer: Path) -> None:
        """Reads a `tokenizer.json`."""
        raise NotImplementedError

    def encode(self, texts: Any) -> Any:
        """Encodes all texts."""
        raise NotImplementedError

    def ids(self, made: Any) -> Ids:
        """The ids, by text."""
        return _of_lists(made)


def _of_lists(lists: Sequence[Sequence[int]]) -> Ids:
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    return np.fromiter((i for ids in lists for i in ids), np.uint32, int(lengths.sum())), lengths


class FastprepList(Side):
    """fastprep, from a list."""

    def load(self, tokenizer: Path) -> None:
        import fastprep

        self.tokenizer = fastprep.Tokenizer(tokenizer)

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch(texts)

    def ids(self, made: Any) -> Ids:
        lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in made.chunks]
        flat = [chunk.flatten().to_numpy() for chunk in made.chunks]
        return np.concatenate(flat).astype(np.uint32), np.concatenate(lengths).astype(np.int64)


class FastprepArrow(FastprepList):
    """fastprep, from an Arrow column in memory."""

    def texts(self) -> Any:
        return pa.chunked_array([pa.array(super().texts(), pa.string())])


class Tokenizers(Side):
    """tokenizers 0.23: `encode_batch_fast`."""

    def load(self, tokenizer: Path) -> None:
        import tokenizers

        self.tokenizer: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)

    def ids(self, made: Any) -> Ids:
        return _of_lists([encoding.ids for encoding in made])


class TokenizersNext(Tokenizers):
    """The pre-release of tokenizers 1.0: `encode_batch`."""

    def load(self, tokenizer: Path) -> None:
        import tokenizers

        self.tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self.tokenizer.truncation = self.tokenizer.padding = None

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch(texts, add_special_tokens=False)


class GigatokenList(Side):
    """gigatoken, from a list."""

    def load(self, tokenizer: Path) -> None:
        import gigatoken

        self.tokenizer = gigatoken.Tokenizer(str(tokenizer))

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch(texts, parallel=True)

    def ids(self, made: Any) -> Ids:
        import awkward

        return awkward.to_numpy(awkward.flatten(made)), awkward.to_numpy(awkward.num(made)).astype(np.int64)


class GigatokenArray(GigatokenList):
    """gigatoken, from an array of awkward's, whose buffers are Arrow's."""

    def texts(self) -> Any:
        import awkward

        return awkward.from_arrow(pa.array(super().texts(), pa.large_string()))


class GigatokenFile(GigatokenList):
    """gigatoken, by its own reader of JSON lines, both fields."""

    def texts(self) -> Any:
        return self.folder / "texts.jsonl"

    def encode(self, texts: Any) -> Any:
        import gigatoken

        fields = ("prompt", "completion")
        return [self.tokenizer.encode_files(gigatoken.JsonlFileSource([texts], f), parallel=True) for f in fields]

    def ids(self, made: Any) -> Ids:
        ids, lengths = zip(*map(super().ids, made), strict=True)
        return np.concatenate(ids), np.concatenate(lengths)


class Fastokens(Side):
    """fastokens: `encode_batch_flat`."""

    def load(self, tokenizer: Path) -> None:
        import fastokens

        self.tokenizer = fastokens.Tokenizer.from_file(str(tokenizer))

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch_flat(texts, add_special_tokens=False)

    def ids(self, made: Any) -> Ids:
        ids, offsets = made
        return np.frombuffer(ids, np.uint32), np.diff(np.frombuffer(offsets, np.uint64).astype(np.int64))


class Snaptokens(Fastokens):
    """snaptokens: `encode_batch_flat`."""

    def load(self, tokenizer: Path) -> None:
        import snaptokens

        self.tokenizer = snaptokens.Tokenizer.from_file(str(tokenizer))


class Tokie(Side):
    """tokie: `encode_batch_flat`."""

    def load(self, tokenizer: Path) -> None:
        import tokie

        self.tokenizer = tokie.Tokenizer.from_json(str(tokenizer))

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch_flat(texts, add_special_tokens=False)

    def ids(self, made: Any) -> Ids:
        ids, lengths = made
        return ids, lengths.astype(np.int64)


class Tiktoken(Side):
    """tiktoken: `encode_batch`, of a vocabulary whose ids are its ranks."""

    def load(self, tokenizer: Path) -> None:
        import tiktoken

        book = json.loads(tokenizer.read_text("utf-8"))
        own = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = [b for b in range(256) if b not in own]
        bytes_of = {chr(b): b for b in own} | {chr(256 + i): b for i, b in enumerate(others)}
        vocabulary = book["model"].get("vocab")
        split = (book.get("pre_tokenizer") or {}).get("pretokenizers", [{}])[0]
        if not isinstance(vocabulary, dict) or "Regex" not in split.get("pattern", {}):
            raise ValueError("no vocabulary of ranks with a pattern")
        special = {token["content"]: token["id"] for token in book["added_tokens"]}
        ranks = {bytes(map(bytes_of.__getitem__, t)): i for t, i in vocabulary.items() if t not in special}
        self.tokenizer = tiktoken.Encoding(
            tokenizer.parent.name, pat_str=split["pattern"]["Regex"], mergeable_ranks=ranks, special_tokens=special
        )

    def encode(self, texts: Any) -> Any:
        return self.tokenizer.encode_batch(texts, num_threads=2, allowed_special="all")


SIDES: dict[str, Callable[[Path, Path], Side]] = {
    "fastprep arrow": FastprepArrow,
    "fastprep list": FastprepList,
    "tokenizers": Tokenizers,
    "tokenizers 1.0": TokenizersNext,
    "gigatoken list": GigatokenList,
    "gigatoken array": GigatokenArray,
    "gigatoken file": GigatokenFile,
    "fastokens": Fastokens,
    "snaptokens": Snaptokens,
    "tokie": Tokie,
    "tiktoken": Tiktoken,
}


def main() -> None:
    """Loads, then answers."""
    name, tokenizer, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    start = time.perf_counter()
    try:
        side = SIDES[name](tokenizer, folder)
    except BaseException as e:  # a panic of Rust is no Exception
        return _say({"refused": f"{type(e).__name__}: {e}".splitlines()[0][:200]})
    _say({"load": time.perf_counter() - start, "version": metadata.version(name.split()[0])})
    texts, made = side.texts(), None
    for line in sys.stdin:
        order, _, path = line.strip().partition(" ")
        if order == "save":
            ids, lengths = side.ids(made)
            np.savez(path, ids=ids, lengths=lengths)
            _say({})
            continue
        made = None
        start, busy = time.perf_counter(), time.process_time()
        try:
            made = side.encode(texts)
        except BaseException as e:
            return _say({"refused": f"{type(e).__name__}: {e}".splitlines()[0][:200]})
        _say({"wall": time.perf_counter() - start, "cpu": time.process_time() - busy})
    return None


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
