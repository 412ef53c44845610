"""Random chains of verbs that are legal, each verb with what it must do to dicts, and random input for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

import naive
import polars as pl
from common import WHITE_SPACE
from hypothesis import strategies as st
from naive import Values
from row_expressions import Draw, predicate, value

import fastprep as fp

TEXTS = ["a", "A", "b", "ab", "a ", " a\tb", "", " ", "\u3000", "é", "e\u0301", "ﬁ", "fi", "##", "x\n##", "##\ny"]
TEXT = st.sampled_from([*TEXTS, "\n##\n", "a\n##\n", "b\n###\n", "\n###\nb", "a b c d e"])
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "int": st.integers(-3, 6),
    "float": st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.5]),
    "bool": st.booleans(),
    "object": st.sampled_from([{"k": 1}, {"k": 2}, {"k": None}]),
    "list": st.sampled_from([[], ["x"], ["x", "é"]]),
}
SOURCE = {
    "q": "text",
    "a": "text",
    "lang": "text",
    "n": "int",
    "f": "float",
    "ok": "bool",
    "meta": "object",
    "tags": "list",
}
FRESH = ["new", "x y", "ü", "N", "index"]
# `<x>` and `<y>` stand for names.
TEMPLATES = ["{<x>}", "Q: {<x>} {<y>}", "{<x>}{#<y>}\n[{<y>}]{/<y>}", "{<x>}{^<y>}-{/<y>}", "{{{<x>}}}"]
PAIR = ("prompt", "completion")


@dataclass
class State:
    """What the chain is so far: its columns in order with their kinds, and what it has had."""

    columns: dict[str, str]
    had: set[str] = field(default_factory=set)

    def columns_of_kind(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.columns.items() if kind in kinds]

    @property
    def fresh(self) -> list[str]:
        return [name for name in FRESH if name not in self.columns]

    @property
    def proven(self) -> tuple[str, ...]:
        """Columns that no verb may change."""
        return PAIR if "format" in self.had else ()

    @property
    def has_pair(self) -> bool:
        return "format" in self.had and set(PAIR) <= set(self.columns)


@dataclass(frozen=True)
class Verb:
    """A verb with its options: how it is said, how it is pushed, and what it must do."""

    said: str
    push: Callable[[fp.Pipeline], fp.Pipeline]
    step: Callable[[], naive.Step | naive.Choose | naive.Balance]

    def __repr__(self) -> str:
        return self.said


def subset(draw: Draw, names: list[str], least: int = 0, most: int = 8) -> list[str]:
    """Some names, in any order."""
    if not names:
        return []
    return draw(st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True))


# --- columns


def select(draw: Draw, state: State) -> Verb:
    names = subset(draw, list(state.columns), 1)
    state.columns = {name: state.columns[name] for name in names}
    return Verb(
        f"select({names})", lambda p: p.select(names), lambda: naive.Change(lambda v: {name: v[name] for name in names})
    )


def drop(draw: Draw, state: State) -> Verb:
    names = subset(draw, list(state.columns), 1, min(3, len(state.columns) - 1))
    state.columns = {name: kind for name, kind in state.columns.items() if name not in names}
    return Verb(
        f"drop({names})",
        lambda p: p.drop(names),
        lambda: naive.Change(lambda v: {name: value for name, value in v.items() if name not in names}),
    )


def rename(draw: Draw, state: State) -> Verb:
    old = subset(draw, [name for name in state.columns if name not in state.proven], 1, 3)
    new = draw(st.permutations([*old, *state.fresh]))[: len(old)]
    mapping = dict(zip(old, new, strict=True))
    state.columns = {mapping.get(name, name): kind for name, kind in state.columns.items()}
    return Verb(
        f"rename({mapping})",
        lambda p: p.rename(mapping),
        lambda: naive.Change(lambda v: {mapping.get(name, name): value for name, value in v.items()}),
    )


def with_row_index(draw: Draw, state: State) -> Verb:
    name, offset = draw(st.sampled_from(state.fresh)), draw(st.sampled_from([0, 10]))
    state.columns = {name: "int"} | state.columns
    return Verb(
        f"with_row_index({name!r}, {offset})",
        lambda p: p.with_row_index(name, offset),
        lambda: naive.Number(name, offset),
    )


def filter_(draw: Draw, state: State) -> Verb:
    some = [predicate(draw, state.columns) for _ in range(draw(st.integers(1, 2)))]
    return Verb(
        f"filter({', '.join(str(expr) for expr, _ in some)})",
        lambda p: p.filter(*(expr for expr, _ in some)),
        lambda: naive.Keep(lambda v: all(of(v) is True for _, of in some)),
    )


def with_columns(draw: Draw, state: State) -> Verb:
    names = subset(draw, [name for name in [*state.columns, *state.fresh] if name not in state.proven], 1, 2)
    made = {name: value(draw, state.columns) for name in names}
    state.columns = state.columns | {name: kind for name, (kind, _) in made.items()}
    exprs = {name: expr for name, (_, (expr, _)) in made.items()}
    return Verb(
        f"with_columns({ {name: str(expr) for name, expr in exprs.items()} })",
        lambda p: p.with_columns(**exprs),
        lambda: naive.Change(lambda v: v | {name: of(v) for name, (_, (_, of)) in made.items()}),
    )


def _upper(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    texts = [text and text.upper() for text in frame[name]]
    return frame.with_columns(pl.Series(name, texts, dtype=pl.String))


def map_batches(draw: Draw, state: State) -> Verb:
    """A function of the frame: other values of a column, a new one, one column less, or all in another order."""
    function: Callable[[pl.DataFrame], pl.DataFrame]
    texts = state.columns_of_kind("text")
    few = len(state.columns) < 2
    possible = {"drop": not few, "turn": not few, "new": state.fresh, "upper": texts}
    what = draw(st.sampled_from([what for what, legal in possible.items() if legal]))
    match what:
        case "upper":
            name = draw(st.sampled_from(texts))
            function = functools.partial(_upper, name)
            of = lambda v: v | {name: v[name] and v[name].upper()}  # noqa: E731
        case "turn":
            name = "all"
            state.columns = dict(reversed(state.columns.items()))
            function = lambda frame: frame.select(reversed(frame.columns))  # noqa: E731
            of = lambda v: dict(reversed(v.items()))  # noqa: E731
        case "new":
            name = draw(st.sampled_from(state.fresh))
            state.columns = state.columns | {name: "int"}
            function = lambda frame: frame.with_columns(pl.lit(7).alias(name))  # noqa: E731
            of = lambda v: v | {name: 7}  # noqa: E731
        case _:
            name = draw(st.sampled_from(list(state.columns)))
            state.columns = {other: kind for other, kind in state.columns.items() if other != name}
            function = lambda frame: frame.drop(name)  # noqa: E731
            of = lambda v: {other: value for other, value in v.items() if other != name}  # noqa: E731
    said = f"{what} {name}"
    return Verb(f"map_batches({said})", lambda p: p.map_batches(function, name=said), lambda: naive.Change(of))


# --- rows


def head(draw: Draw, state: State) -> Verb:
    n = draw(st.integers(1, 8))
    return Verb(f"head({n})", lambda p: p.head(n), lambda: naive.Head(n))


def validate(draw: Draw, state: State) -> Verb:
    texts = state.columns_of_kind("text")
    rules: dict[str, Any] = {
        "required": subset(draw, list(state.columns), 0, 2),
        "not_blank": subset(draw, texts, 0, 2),
    }
    for option, limits in (("min_chars", (0, 2)), ("max_chars", (0, 4))):
        rules[option] = {name: draw(st.integers(*limits)) for name in subset(draw, texts, 0, 1)}
    rules["allowed"] = {name: draw(st.lists(TEXT, min_size=1, max_size=8)) for name in subset(draw, texts, 0, 1)}
    if not any(rules.values()):
        rules["required"] = [next(iter(state.columns))]
    policy: Any = draw(st.sampled_from(["reject", "drop"]))
    return Verb(
        f"validate({rules}, {policy})",
        lambda p: p.validate(**rules, on_invalid=policy),
        lambda: naive.Validate(**rules, reject=policy == "reject"),
    )


def dedup(draw: Draw, state: State) -> Verb:
    default = ("format" not in state.had or state.has_pair) and draw(st.booleans())
    on = None if default else subset(draw, list(state.columns), 1, 3)
    levels: list[Any] = subset(draw, ["unicode", "case", "whitespace"])
    formatted = "format" in state.had
    return Verb(
        f"dedup({on}, normalize={levels})",
        lambda p: p.dedup(on, normalize=levels),
        lambda: naive.Dedup(on, levels, formatted),
    )


def _edited(draw: Draw, state: State) -> list[str]:
    return subset(draw, [name for name in state.columns_of_kind("text") if name not in state.proven], 1, 2)


def normalize_(draw: Draw, state: State) -> Verb:
    names, form = _edited(draw, state), draw(st.sampled_from([None, "NFC", "NFKC"]))
    strip = draw(st.booleans())

    def edit(text: str) -> str:
        text = text if form is None else normalize(form, text)
        return text.strip(WHITE_SPACE) if strip else text

    return Verb(
        f"normalize({names}, {form}, {strip})",
        lambda p: p.normalize(names, unicode=form, strip=strip),
        lambda: naive.Change(lambda v: v | {name: v[name] if v[name] is None else edit(v[name]) for name in names}),
    )


def strip_affix(draw: Draw, state: State) -> Verb:
    names, prefix, suffix = _edited(draw, state), draw(st.sampled_from(["a", "#"])), draw(st.sampled_from(["", "b"]))
    edit = lambda text: text and text.removeprefix(prefix).removesuffix(suffix)  # noqa: E731
    return Verb(
        f"strip_affix({names}, {prefix!r}, {suffix!r})",
        lambda p: p.strip_affix(names, prefix=prefix, suffix=suffix),
        lambda: naive.Change(lambda v: v | {name: edit(v[name]) for name in names}),
    )


def ensure_affix(draw: Draw, state: State) -> Verb:
    names, suffix = _edited(draw, state), draw(st.sampled_from(["b", "\n##\n"]))
    edit = lambda text: text if text is None or text.endswith(suffix) else text + suffix  # noqa: E731
    return Verb(
        f"ensure_affix({names}, {suffix!r})",
        lambda p: p.ensure_affix(names, suffix=suffix),
        lambda: naive.Change(lambda v: v | {name: edit(v[name]) for name in names}),
    )


def format_(draw: Draw, state: State) -> Verb:
    """Not `insert_space`: where exactly spaces are put is proven in `test_properties.py`."""
    texts = state.columns_of_kind("text")
    x, y, z = (draw(st.sampled_from(texts)) for _ in range(3))
    shape = draw(st.sampled_from(TEMPLATES))
    ending = draw(st.sampled_from(["{<x>}", " {<x>}."]))
    prompt = shape.replace("<x>", x).replace("<y>", y)
    completion = ending.replace("<x>", z)
    used = {x, z} | ({y} if "<y>" in shape else set())
    state.columns = dict.fromkeys(PAIR, "text") | {n: kind for n, kind in state.columns.items() if n not in used}
    policy: Any = draw(st.sampled_from(["reject", "drop"]))

    def prompt_of(v: Values) -> str | tuple[str]:
        missing = [name for name in ([x, y] if shape.startswith("Q") else [x]) if v[name] is None]
        if missing:
            return (missing[0],)
        texts: dict[str, Callable[[], str]] = {
            TEMPLATES[0]: lambda: v[x],
            TEMPLATES[1]: lambda: f"Q: {v[x]} {v[y]}",
            TEMPLATES[2]: lambda: v[x] + (f"\n[{v[y]}]" if v[y] else ""),
            TEMPLATES[3]: lambda: v[x] + ("" if v[y] else "-"),
            TEMPLATES[4]: lambda: "{" + v[x] + "}",
        }
        return texts[shape]()

    def completion_of(v: Values) -> str | tuple[str]:
        return (z,) if v[z] is None else ending.replace("{<x>}", v[z])

    return Verb(
        f"format({prompt!r}, {completion!r}, {policy})",
        lambda p: p.format(fp.PromptFormat(prompt, completion=completion), on_collision=policy),
        lambda: naive.Format(prompt_of, completion_of, used, policy == "reject"),
    )


def split(draw: Draw, state: State) -> Verb:
    by = None if state.has_pair and draw(st.booleans()) else subset(draw, list(state.columns), 1, 2)
    return Verb(f"split(by={by})", lambda p: p.split(valid=0.3, test=0.3, seed=1, by=by), lambda: naive.Split(by))


def shuffle(draw: Draw, state: State) -> Verb:
    seed = draw(st.sampled_from([0, 5, 2**64 - 1]))
    return Verb(f"shuffle({seed})", lambda p: p.shuffle(seed=seed), lambda: naive.Shuffle(seed))


def sample(draw: Draw, state: State) -> Verb:
    seed, by = draw(st.sampled_from([0, 5])), draw(st.sampled_from([None, *state.columns_of_kind("text", "int")]))
    n, share = draw(st.sampled_from([(1, None), (4, None), (None, 0.5), (None, 0.25)]))
    amount = (lambda rows: min(n, rows)) if n else (lambda rows: int(share * rows + 0.5))
    return Verb(
        f"sample({n}, {share}, {by}, {seed})",
        lambda p: p.sample(n, share=share, by=by, seed=seed),
        lambda: naive.Choose(lambda rows, file: naive.sample(rows, file, amount, by, seed), "not_sampled", False),
    )


def resolve_conflicts(draw: Draw, state: State) -> Verb:
    prompt, answer = (draw(st.sampled_from(state.columns_of_kind("text"))) for _ in range(2))
    keep: Any = draw(st.sampled_from(["first", "most", "none"]))
    return Verb(
        f"resolve_conflicts({keep}, {prompt}, {answer})",
        lambda p: p.resolve_conflicts(keep, prompt=prompt, answer=answer),
        lambda: naive.Choose(lambda rows, _: naive.conflicts(rows, prompt, answer, keep), "other_answer", True),
    )


def balance(draw: Draw, state: State) -> Verb:
    by, seed = draw(st.sampled_from(state.columns_of_kind("text", "int"))), draw(st.sampled_from([0, 5]))
    how: Any = draw(
        st.sampled_from(["undersample", "oversample", *(["weights"] * ("row_weight" not in state.columns))])
    )
    if how == "weights":
        state.columns = state.columns | {"row_weight": "float"}
    elif how == "oversample":
        state.had.add("copies")
    return Verb(
        f"balance({by}, {how}, {seed})",
        lambda p: p.balance(by, how, seed=seed),
        lambda: naive.Balance(by, how, seed),
    )


# Of each verb, whether it may come next.
VERBS: dict[Callable[[Draw, State], Verb], Callable[[State], Any]] = {
    select: lambda s: True,
    drop: lambda s: len(s.columns) > 1,
    rename: lambda s: set(s.columns) - set(s.proven),
    filter_: lambda s: True,
    with_columns: lambda s: s.fresh or set(s.columns) - set(s.proven),
    with_row_index: lambda s: s.fresh,
    map_batches: lambda s: "format" not in s.had and (s.fresh or len(s.columns) > 1),
    head: lambda s: True,
    validate: lambda s: True,
    dedup: lambda s: "copies" not in s.had,
    normalize_: lambda s: set(s.columns_of_kind("text")) - set(s.proven),
    strip_affix: lambda s: set(s.columns_of_kind("text")) - set(s.proven),
    ensure_affix: lambda s: set(s.columns_of_kind("text")) - set(s.proven),
    format_: lambda s: "format" not in s.had and s.columns_of_kind("text"),
    split: lambda s: not s.had & {"split", "copies"},
    shuffle: lambda s: True,
    sample: lambda s: True,
    resolve_conflicts: lambda s: s.columns_of_kind("text"),
    # It changes rows of train alone; which these are is not known here.
    balance: lambda s: "split" not in s.had and s.columns_of_kind("text", "int"),
}


@st.composite
def chains(draw: Draw, columns: list[str]) -> list[Verb]:
    """Up to six verbs over these columns of the source."""
    state = State({name: SOURCE[name] for name in columns})
    verbs = []
    for _ in range(draw(st.integers(1, 6))):
        make = draw(st.sampled_from([make for make, legal in VERBS.items() if legal(state)]))
        verbs.append(make(draw, state))
        state.had.add(make.__name__.removesuffix("_"))
    return verbs


@st.composite
def inputs(draw: Draw) -> tuple[list[str], list[Any]]:
    """Columns in any order, and lines: the first row has a value in each, so that all have the types that they say."""
    columns = draw(st.permutations(list(SOURCE)))
    cells = {name: CELLS[SOURCE[name]] for name in columns}
    first = draw(st.fixed_dictionaries(cells))
    optional = {name: st.none() | cell for name, cell in cells.items()}
    row = st.fixed_dictionaries({}, optional=optional)
    line = st.one_of(row, row, row, row, st.sampled_from([naive.BAD, naive.BLANK]))
    lines = [first, *draw(st.lists(line, max_size=3) | st.lists(line, min_size=5, max_size=16))]
    # Some once more, as they are or with one value changed.
    for again in draw(st.lists(st.sampled_from([line for line in lines if isinstance(line, dict)]), max_size=6)):
        name = draw(st.sampled_from(columns))
        lines.append(again if draw(st.booleans()) else again | {name: draw(cells[name])})
    return columns, lines
