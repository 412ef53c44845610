"""Digests of what a side wrote, so that two sides can be compared whatever their files look like."""

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import oracle
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer


def batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """The record batches of a folder's shards, by file name; files and streams of IPC alike."""
    for path in sorted(folder.rglob("*.arrow")):
        if path.name == "keys.arrow":
            continue
        with pa.memory_map(str(path)) as source:
            try:
                reader = pa.ipc.open_file(source)
                yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            except pa.ArrowInvalid:
                source.seek(0)
                yield from pa.ipc.open_stream(source)


def in_order(parts: Iterable[pa.RecordBatch | pa.Table]) -> dict[str, int | str]:
    """Rows and a digest of `prompt` and `completion` in order: of all lengths, and of all bytes."""
    rows = 0
    hashes = {name: (hashlib.blake2b(), hashlib.blake2b()) for name in ("prompt", "completion")}
    for part in parts:
        rows += part.num_rows
        for name, (lengths, content) in hashes.items():
            column = part.column(name)
            for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                # A cast, then a concatenation: offsets from zero, whatever was sliced before.
                text = pa.concat_arrays([chunk.cast(pa.large_string())])
                lengths.update(pc.binary_length(text).to_numpy(zero_copy_only=False).astype("<i8"))
                if text.buffers()[2] is not None:
                    start, end = text.offset, text.offset + len(text)
                    ends = memoryview(text.buffers()[1]).cast("q")
                    content.update(memoryview(text.buffers()[2])[ends[start] : ends[end]])
    digest = "".join(h.hexdigest()[:16] for pair in hashes.values() for h in pair)
    return {"rows": rows, "digest": digest}


def _rows(column: pa.ListArray) -> Iterator[bytes]:
    column = column.cast(pa.large_list(pa.int32()))
    content = memoryview(column.flatten().to_numpy().astype("<i4").tobytes())
    start = 0
    for length in pc.list_value_length(column).to_pylist():
        yield bytes(content[start : start + 4 * length])
        start += 4 * length


def text(out: Path) -> dict[str, int | str]:
    """`in_order` of a folder."""
    return in_order(batches(out))


def tokens(out: Path) -> dict[str, int | str]:
    """Rows, tokens, trained tokens, and a digest of the multiset of (`input_ids`, `labels`)."""
    rows = total = trained = sums = 0
    for part in batches(out):
        ids, labels = part.column("input_ids"), part.column("labels")
        for one, two in zip(_rows(ids), _rows(labels), strict=True):
            rows += 1
            total += len(one) // 4
            sums += row_digest(one, two)
        trained += pc.sum(pc.not_equal(labels.flatten(), -100)).as_py() or 0
    return _summary(rows, total, trained, sums)


def row_digest(ids: bytes, labels: bytes) -> int:
    """The digest of a row, given as little-endian 32-bit numbers."""
    return int.from_bytes(hashlib.blake2b(ids + b"|" + labels, digest_size=16).digest(), "little")


def _summary(rows: int, total: int, trained: int, sums: int) -> dict[str, int | str]:
    return {"rows": rows, "tokens": total, "trained": trained, "digest": f"{sums % 2**128:032x}"}


def oracle_text(source: Path) -> dict[str, int | str]:
    """What `text` must give for this input."""
    names = ("prompt", "completion")
    columns = zip(*oracle.prepared(source), strict=True)
    return in_order([pa.table(dict(zip(names, map(list, columns), strict=True)))])


def oracle_tokens(source: Path, tokenizer: Path) -> dict[str, int | str]:
    """What `tokens` must give for this input: `encode`, row by row."""
    loaded = Tokenizer.from_file(str(tokenizer))
    rows = total = trained = sums = 0
    for prompt, completion in oracle.prepared(source):
        one = loaded.encode(prompt).ids
        two = loaded.encode(completion, add_special_tokens=False).ids
        ids, labels = one + two, [-100] * len(one) + two
        rows, total, trained = rows + 1, total + len(ids), trained + len(two)
        sums += row_digest(array("i", ids).tobytes(), array("i", labels).tobytes())
    return _summary(rows, total, trained, sums)
