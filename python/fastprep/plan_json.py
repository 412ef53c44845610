"""Plans as JSON: what a chain says, without what only memory holds. Reading it runs nothing."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep import options
from fastprep._fastprep import PLAN_VERSION
from fastprep.exceptions import PlanError
from fastprep.expressions import json_form
from fastprep.sources.registry import SOURCES, file_sources
from fastprep.tokenizer import tokenizer_source

if TYPE_CHECKING:
    from fastprep.pipeline import Pipeline

Node = dict[str, Any]


class Reader:
    """Makes a pipeline of a plan's JSON, and of what the caller supplies by name."""

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]] | None,
        tokenizers: Mapping[str, Any] | None,
        inputs: Any,
    ) -> None:
        self._functions = options.mapping("from_json", "functions", functions or {})
        self._tokenizers = options.mapping("from_json", "tokenizers", tokenizers or {})
        self._inputs = inputs
        self._called: dict[str, tuple[Any, Any]] = {}
        self._named: set[str] = set()
        self._unused = {("functions", name) for name in self._functions}
        self._unused |= {("tokenizers", name) for name in self._tokenizers}
        if isinstance(inputs, Mapping):
            self._unused |= {("inputs", str(name)) for name in inputs}

    def read(self, text: str) -> Pipeline:
        """The pipeline.

        Raises:
            PlanError: `bad_plan` for text that is no plan, `newer_plan`, `not_supplied`, `not_used`.
        """
        plan = _parsed(text)
        version = plan.get("plan_version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise bad("it has no plan_version, a whole number above 0")
        if version > PLAN_VERSION:
            raise PlanError.new(
                f"from_json: the plan has version {version}, and this fastprep reads up to {PLAN_VERSION}",
                code="newer_plan",
                help="upgrade fastprep",
            )
        _no_other(plan, "the plan", "plan_version", "source", "steps")
        source = _part(plan, "the plan", "source", dict)
        pipeline = self._concat(source) if source.get("scan") == "concat" else self._source(source, single=True)
        pipeline = self._steps(pipeline, plan, "step")
        for kind, name in sorted(self._unused):
            raise PlanError.new(
                f"from_json: {kind} has `{name}`, which the plan does not name",
                code="not_used",
                help="names are those of the plan's JSON",
            )
        return pipeline

    def _concat(self, source: Node) -> Pipeline:
        _no_other(source, "source", "scan", "column", "plans")
        column = _part(source, "source", "column", str)
        plans = {}
        for number, part in enumerate(_part(source, "source", "plans", list)):
            where = f"source.plans[{number}]"
            if not isinstance(part, dict):
                raise bad(f"{where} is no object")
            _no_other(part, where, "name", "source", "steps")
            name = _part(part, where, "name", str)
            if name in plans:
                raise bad(f"two plans are called `{name}`")
            pipeline = self._source(_part(part, where, "source", dict), single=False)
            plans[name] = self._steps(pipeline, part, f"{where}.steps")
        return SOURCES["concat"](plans, column=column)

    def _source(self, source: Node, single: bool) -> Pipeline:
        kind = source.get("scan")
        scans = file_sources()
        if isinstance(kind, str) and kind in scans:
            # The JSON has the function's options under the names of its parameters.
            return self._files(scans[kind], source, single)
        if kind not in ("arrow", "records"):
            kinds = ", ".join((*scans, "arrow", "records", "concat"))
            raise bad(f"source.scan is {kind!r}, and none of {kinds}")
        _no_other(source, "source", "scan", "name", "digest")
        name = _part(source, "source", "name", str)
        digest = _part(source, "source", "digest", str) if "digest" in source else None
        data, by_digest = self._in_memory(name, digest, single)
        pipeline = SOURCES["from_arrow" if kind == "arrow" else "from_records"](data, name=name)
        if by_digest and json.loads(pipeline._plan.to_json())["source"].get("digest") != digest:
            raise PlanError.new(
                f"from_json: what inputs has for {digest} is not what has that digest",
                code="other_content",
                help=f"give the data that the plan was made with; other data by the name: inputs={{{name!r}: …}}",
            )
        return pipeline

    def _in_memory(self, name: str, digest: str | None, single: bool) -> tuple[Any, bool]:
        """What stands for a source in memory, and whether it was named by its digest."""
        given = self._inputs
        if isinstance(given, Mapping):
            for key in (digest, name):
                if key is not None and key in given:
                    self._unused.discard(("inputs", key))
                    if key == name and name in self._named:
                        raise bad(f"two sources are called `{name}`: give each a name= where the plan is made")
                    self._named |= {name} if key == name else set()
                    return given[key], key == digest
        elif given is not None and single:
            return given, False
        raise PlanError.new(
            f"from_json: the source `{name}` was in memory, and was not supplied",
            code="not_supplied",
            help=f"give it by its name or its digest: from_json(text, inputs={{{digest or name!r}: …}})",
        )

    def _files(self, verb: Callable[..., Pipeline], source: Node, single: bool) -> Pipeline:
        parameters = inspect.signature(verb).parameters.values()
        types = {p.name: type(p.default) for p in parameters if p.kind is p.KEYWORD_ONLY}
        _no_other(source, "source", "scan", "inputs", "splits", *types)
        if "splits" in source and (not single or self._inputs is None or isinstance(self._inputs, Mapping)):
            raise PlanError.new(
                "from_json: the source was a published folder, whose rows come with their splits",
                code="not_supplied",
                help="give the folder: from_json(text, inputs=\"out\")",
            )
        named = [path_of(path) for path in _part(source, "source", "inputs", list)]
        given = self._inputs
        if given is None or isinstance(given, Mapping):
            paths = [bound for path in named for bound in self._bound(path)]
        elif single:
            paths = given
        else:
            raise options.bad(
                "from_json: the plan has several sources, and inputs does not name them",
                "give a mapping from the paths in the plan to yours",
            )
        return verb(paths, **{name: _part(source, "source", name, of) for name, of in types.items()})

    def _bound(self, path: str) -> list[str]:
        """The paths that stand for one of the plan's."""
        given = self._inputs
        if not isinstance(given, Mapping) or path not in given:
            return [options.path("from_json", "a path of the plan", path)]
        self._unused.discard(("inputs", path))
        return options.paths("from_json", f"inputs[{path!r}]", given[path])

    def _steps(self, pipeline: Pipeline, holder: Node, where: str) -> Pipeline:
        for number, step in enumerate(_part(holder, "the plan", "steps", list), 1):
            if not isinstance(step, dict) or not isinstance(step.get("verb"), str):
                raise bad(f"{where} {number} is no object with a verb")
            settings = dict(step)
            verb = settings.pop("verb")
            pipeline = _SPECIAL.get(verb, Reader._plain)(self, pipeline, verb, settings)
        return pipeline

    def _plain(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        return pipeline._push(verb, **settings)

    def _filter(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _no_other(settings, verb, "columns", "expression")
        return pipeline.filter(_expression(verb, settings.get("expression")))

    def _with_columns(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _no_other(settings, verb, "columns", "names", "expressions")
        made = [_expression(verb, form) for form in _part(settings, verb, "expressions", list)]
        return pipeline.with_columns(*made)

    def _map_batches(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _no_other(settings, verb, "name", "version", "code")
        name, version = _part(settings, verb, "name", str), settings.get("version")
        if name not in self._functions:
            raise PlanError.new(
                f"from_json: the plan calls the function `{name}`, which was not supplied",
                code="not_supplied",
                help=f"a plan's JSON holds no function: from_json(text, functions={{{name!r}: …}})",
            )
        self._unused.discard(("functions", name))
        which = version, settings.get("code")
        if self._called.setdefault(name, which) != which:
            raise bad(f"two functions are called `{name}`: give them names of their own where the plan is made")
        return pipeline.map_batches(self._functions[name], name=name, version=version)

    def _dedup(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        named = [path_of(path) for path in _part(settings, verb, "against", list)]
        settings["against"] = [options.path_form(bound) for path in named for bound in self._bound(path)]
        return pipeline._push(verb, **settings)

    def _tokenize(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        form = _part(settings, verb, "tokenizer", dict)
        name = _part(form, "the tokenizer", "name", str) if "path" not in form else None
        known = path_of(form["path"]) if name is None else name
        if known in self._tokenizers:
            self._unused.discard(("tokenizers", known))
            path, *in_memory = tokenizer_source("from_json", self._tokenizers[known])
            settings["tokenizer"] = {"name": in_memory[-1]} if path is None else {"path": options.path_form(path)}
            return pipeline._push(verb, None if path is not None else tuple(in_memory), **settings)
        if name is not None:
            raise PlanError.new(
                f"from_json: the plan has the tokenizer `{name}` by name, and it was not supplied",
                code="not_supplied",
                help=f"give its folder, its file or itself: from_json(text, tokenizers={{{name!r}: …}})",
            )
        return pipeline._push(verb, **settings)


_SPECIAL: dict[str, Callable[[Reader, Pipeline, str, Node], Pipeline]] = {
    "filter": Reader._filter,
    "with_columns": Reader._with_columns,
    "map_batches": Reader._map_batches,
    "dedup": Reader._dedup,
    "tokenize": Reader._tokenize,
}
"""Verbs whose JSON leaves something out, or names what the caller may bind."""


def bad(what: str) -> PlanError:
    """The error for JSON that is no plan."""
    return PlanError.new(
        f"from_json: this is no plan: {what}", code="bad_plan", help="take what Pipeline.to_json() gives"
    )


def _parsed(text: str) -> Node:
    options.text("from_json", "text", text)
    try:
        plan = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as e:
        raise bad(f"it is no JSON: {e}") from None
    if not isinstance(plan, dict):
        raise bad(f"it is a JSON {type(plan).__name__}, not an object")
    return plan


def _without_twins(pairs: list[tuple[str, Any]]) -> Node:
    """An object; of two values of one key, which stands would be chance."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise bad(f"an object has `{twice}` twice")
    return made


def _part(holder: Node, where: str, name: str, kind: type) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise bad(f"{where} has no {name}, a JSON {_JSON[kind]}")
    return value


_JSON = {dict: "object", list: "array", str: "string", int: "whole number"}


def _no_other(holder: Node, where: str, *known: str) -> None:
    for name in holder:
        if name not in known:
            meant = options.did_you_mean(name, known)
            raise bad(f"{where} has `{name}`, which is none of {', '.join(known)}{meant}")


def path_of(form: Any) -> str:
    """A path of a plan's JSON: text, or the bytes of one that is not UTF-8."""
    if isinstance(form, str):
        return form
    held = form.get("bytes") if isinstance(form, dict) and len(form) == 1 else None
    if not isinstance(held, list) or not all(type(byte) is int and 0 <= byte < 256 for byte in held):
        raise bad(f"{form!r} is no path: a string, or an object of bytes")
    return os.fsdecode(bytes(held))


def _expression(verb: str, form: Any) -> Any:
    if isinstance(form, str):
        return json_form.from_form(verb, form)
    raise PlanError.new(
        f"from_json: {verb} has an expression that polars has no exact JSON for; the plan holds its digest alone",
        code="not_supplied",
        help=json_form.exact_form_help,
    )
