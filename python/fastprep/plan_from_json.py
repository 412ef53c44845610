"""`Pipeline.from_json`: a pipeline from a plan as JSON. Reading it runs nothing."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import PLAN_VERSION
from fastprep.exceptions import PlanError
from fastprep.expressions import json_form
from fastprep.sources.datasets_source import is_dataset
from fastprep.sources.registry import SOURCES, file_sources
from fastprep.tokenizer import Tokenizer, tokenizer_source

if TYPE_CHECKING:
    from fastprep.pipeline import Pipeline

Node = dict[str, Any]
"""A JSON object of the plan."""


class Reader:
    """Builds a pipeline from a plan's JSON and from what the caller supplies by name."""

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]] | None,
        tokenizers: Mapping[str, Any] | None,
        inputs: Any,
    ) -> None:
        self._functions = option_checks.mapping("from_json", "functions", functions or {})
        self._tokenizers = option_checks.mapping("from_json", "tokenizers", tokenizers or {})
        self._inputs = inputs
        # The version and the code of each function that is used, and the names of data that is used.
        self._used_functions: dict[str, tuple[Any, Any]] = {}
        self._used_data: set[str] = set()
        # The tokenizers of expressions, by digest.
        self._loaded: dict[str, Tokenizer] = {}
        self._unused = {("functions", name) for name in self._functions}
        self._unused |= {("tokenizers", name) for name in self._tokenizers}
        if isinstance(inputs, Mapping):
            self._unused |= {("inputs", str(name)) for name in inputs}

    def read(self, text: str) -> Pipeline:
        """The pipeline.

        Raises:
            PlanError: `bad_plan` for text that is not a plan, `newer_plan`, `not_supplied`, `not_used`.
        """
        plan = _parsed(text)
        version = plan.get("plan_version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise bad_plan("plan_version must be a whole number above 0")
        if version > PLAN_VERSION:
            raise PlanError.new(
                f"from_json: the plan has version {version}, but this fastprep reads versions up to {PLAN_VERSION}",
                code="newer_plan",
                help="upgrade fastprep",
            )
        _check_keys(plan, "the plan", "plan_version", "source", "steps")
        source = _part(plan, "the plan", "source", dict)
        pipeline = self._concat(source) if source.get("scan") == "concat" else self._source(source, single=True)
        pipeline = self._steps(pipeline, plan, "step")
        for kind, name in sorted(self._unused):
            raise PlanError.new(
                f"from_json: `{kind}` contains {name!r}, which is not in the plan",
                code="not_used",
                help="use the names in the plan's JSON",
            )
        return pipeline

    def _concat(self, source: Node) -> Pipeline:
        _check_keys(source, "source", "scan", "column", "plans")
        column = _part(source, "source", "column", str)
        plans = {}
        for number, part in enumerate(_part(source, "source", "plans", list)):
            where = f"source.plans[{number}]"
            if not isinstance(part, dict):
                raise bad_plan(f"{where} must be an object")
            _check_keys(part, where, "name", "source", "steps")
            name = _part(part, where, "name", str)
            if name in plans:
                raise bad_plan(f"two plans have the name `{name}`")
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
            raise bad_plan(f"source.scan must be one of {kinds}; got {kind!r}")
        _check_keys(source, "source", "scan", "name", "digest")
        name = _part(source, "source", "name", str)
        digest = _part(source, "source", "digest", str) if "digest" in source else None
        data, by_digest = self._in_memory(name, digest, single)
        function = "from_records" if kind == "records" else "from_datasets" if is_dataset(data) else "from_arrow"
        pipeline = SOURCES[function](data, name=name)
        if by_digest and json.loads(pipeline._plan.to_json())["source"].get("digest") != digest:
            raise PlanError.new(
                f"from_json: the data in `inputs` for {digest} has another digest",
                code="other_content",
                help=f"supply the data that the plan was made with, or other data by name: inputs={{{name!r}: …}}",
            )
        return pipeline

    def _in_memory(self, name: str, digest: str | None, single: bool) -> tuple[Any, bool]:
        """The data for a source in memory, and whether it was found by its digest."""
        inputs = self._inputs
        if isinstance(inputs, Mapping):
            for key in (digest, name):
                if key is not None and key in inputs:
                    self._unused.discard(("inputs", key))
                    if key == name and name in self._used_data:
                        fix = "where the plan is made, give one another name="
                        raise bad_plan(f"two sources have the name `{name}`: {fix}")
                    self._used_data |= {name} if key == name else set()
                    return inputs[key], key == digest
        elif inputs is not None and single:
            return inputs, False
        raise PlanError.new(
            f"from_json: the data of the source `{name}` was in memory and is not supplied",
            code="not_supplied",
            help=f"supply it by its name or its digest: from_json(text, inputs={{{digest or name!r}: …}})",
        )

    def _files(self, verb: Callable[..., Pipeline], source: Node, single: bool) -> Pipeline:
        parameters = inspect.signature(verb).parameters.values()
        types = {p.name: type(p.default) for p in parameters if p.kind is p.KEYWORD_ONLY}
        _check_keys(source, "source", "scan", "inputs", "splits", *types)
        if "splits" in source and (not single or self._inputs is None or isinstance(self._inputs, Mapping)):
            raise PlanError.new(
                "from_json: the source is a prepared folder, which is not supplied; its rows belong to splits",
                code="not_supplied",
                help='supply the folder: from_json(text, inputs="out")',
            )
        named = [path_of(path) for path in _part(source, "source", "inputs", list)]
        inputs = self._inputs
        if inputs is None or isinstance(inputs, Mapping):
            paths = [bound for path in named for bound in self._bound(path)]
        elif single:
            paths = inputs
        else:
            raise option_checks.bad_option(
                "from_json: the plan has several sources, so `inputs` must be a mapping",
                "map the paths in the plan to your paths",
            )
        return verb(paths, **{name: _part(source, "source", name, of) for name, of in types.items()})

    def _bound(self, path: str) -> list[str]:
        """The paths to read in place of one in the plan."""
        inputs = self._inputs
        if not isinstance(inputs, Mapping) or path not in inputs:
            return [option_checks.path("from_json", "inputs", path)]
        self._unused.discard(("inputs", path))
        return option_checks.paths("from_json", f"inputs[{path!r}]", inputs[path])

    def _steps(self, pipeline: Pipeline, holder: Node, where: str) -> Pipeline:
        for number, step in enumerate(_part(holder, "the plan", "steps", list), 1):
            if not isinstance(step, dict) or not isinstance(step.get("verb"), str):
                raise bad_plan(f"{where} {number} must be an object with a verb")
            settings = dict(step)
            verb = settings.pop("verb")
            pipeline = _SPECIAL.get(verb, Reader._plain)(self, pipeline, verb, settings)
        return pipeline

    def _plain(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        return pipeline._push(verb, **settings)

    def _filter(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _check_keys(settings, verb, "columns", "expression")
        return pipeline.filter(self._expression(verb, settings.get("expression")))

    def _with_columns(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _check_keys(settings, verb, "columns", "names", "expressions")
        expressions = [self._expression(verb, form) for form in _part(settings, verb, "expressions", list)]
        return pipeline.with_columns(*expressions)

    def _expression(self, verb: str, form: Any) -> Any:
        if isinstance(form, str):
            return json_form.from_form(verb, form, lambda options: self._expression_tokenizer(verb, options))
        raise PlanError.new(
            f"from_json: polars cannot write an expression of {verb} as exact JSON, so the plan has only its digest",
            code="not_supplied",
            help=json_form.EXACT_FORM_HELP,
        )

    def _expression_tokenizer(self, verb: str, options: Node) -> Tokenizer:
        """The tokenizer for an expression, by its digest or its name."""
        form = _part(options, f"a function of {verb}", "tokenizer", dict)
        _check_keys(form, "the tokenizer", "name", "digest")
        name, digest = (_part(form, "the tokenizer", key, str) for key in ("name", "digest"))
        if digest in self._loaded:
            return self._loaded[digest]
        key = digest if digest in self._tokenizers else name
        if key not in self._tokenizers:
            raise PlanError.new(
                f"from_json: an expression of {verb} needs the tokenizer `{name}`, which is not supplied",
                code="not_supplied",
                help=f"supply it, or its folder or file: from_json(text, tokenizers={{{name!r}: …}})",
            )
        self._unused.discard(("tokenizers", key))
        supplied = self._tokenizers[key]
        tokenizer = supplied if isinstance(supplied, Tokenizer) else Tokenizer(supplied)
        if tokenizer._core.digest != digest:
            raise PlanError.new(
                f"from_json: the tokenizer in `tokenizers` for {key!r} has the digest {tokenizer._core.digest}; the "
                f"plan has {digest}",
                code="other_content",
                help="supply the tokenizer that the plan was made with",
            )
        self._loaded[digest] = tokenizer
        return tokenizer

    def _map_batches(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _check_keys(settings, verb, "name", "version", "code")
        name, version = _part(settings, verb, "name", str), settings.get("version")
        if name not in self._functions:
            raise PlanError.new(
                f"from_json: the plan calls the function `{name}`, which is not supplied",
                code="not_supplied",
                help=f"supply the function: from_json(text, functions={{{name!r}: …}})",
            )
        self._unused.discard(("functions", name))
        which = version, settings.get("code")
        if self._used_functions.setdefault(name, which) != which:
            raise bad_plan(f"two functions have the name `{name}`: rename one where the plan is made")
        return pipeline.map_batches(self._functions[name], name=name, version=version)

    def _read_as(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        _check_keys(settings, verb, "dialect", "columns")
        return pipeline._read_as(**settings)

    def _dedup(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        named = [path_of(path) for path in _part(settings, verb, "against", list)]
        settings["against"] = [option_checks.path_form(bound) for path in named for bound in self._bound(path)]
        return pipeline._push(verb, **settings)

    def _tokenize(self, pipeline: Pipeline, verb: str, settings: Node) -> Pipeline:
        form = _part(settings, verb, "tokenizer", dict)
        name = _part(form, "the tokenizer", "name", str) if "path" not in form else None
        key = path_of(form["path"]) if name is None else name
        if key in self._tokenizers:
            self._unused.discard(("tokenizers", key))
            path, *in_memory = tokenizer_source("from_json", self._tokenizers[key])
            settings["tokenizer"] = {"name": in_memory[-1]} if path is None else {"path": option_checks.path_form(path)}
            return pipeline._push(verb, None if path is not None else tuple(in_memory), **settings)
        if name is not None:
            raise PlanError.new(
                f"from_json: the tokenizer `{name}` was in memory and is not supplied",
                code="not_supplied",
                help=f"supply it, or its folder or file: from_json(text, tokenizers={{{name!r}: …}})",
            )
        return pipeline._push(verb, **settings)


_SPECIAL: dict[str, Callable[[Reader, Pipeline, str, Node], Pipeline]] = {
    "filter": Reader._filter,
    "with_columns": Reader._with_columns,
    "map_batches": Reader._map_batches,
    "read_as": Reader._read_as,
    "dedup": Reader._dedup,
    "tokenize": Reader._tokenize,
}
"""Verbs whose JSON needs something from the caller, or is checked here."""


def bad_plan(what: str) -> PlanError:
    """The error for JSON that is not a plan."""
    return PlanError.new(
        f"from_json: not a valid plan: {what}", code="bad_plan", help="pass the text from Pipeline.to_json()"
    )


def _parsed(text: str) -> Node:
    option_checks.text("from_json", "text", text)
    try:
        plan = json.loads(text, object_pairs_hook=_object_with_unique_keys)
    except (ValueError, RecursionError) as e:
        raise bad_plan(f"it is not JSON: {e}") from None
    if not isinstance(plan, dict):
        raise bad_plan(f"it must be a JSON object; got {type(plan).__name__}")
    return plan


def _object_with_unique_keys(pairs: list[tuple[str, Any]]) -> Node:
    """An object. A key that comes twice is refused: readers differ in which of its values they take."""
    node = dict(pairs)
    if len(node) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise bad_plan(f"an object has the key `{twice}` twice")
    return node


def _part(holder: Node, where: str, name: str, kind: type) -> Any:
    value = holder.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise bad_plan(f"{where} needs `{name}`, a JSON {_JSON[kind]}")
    return value


_JSON = {dict: "object", list: "array", str: "string", int: "whole number"}


def _check_keys(holder: Node, where: str, *known: str) -> None:
    for name in holder:
        if name not in known:
            hint = option_checks.did_you_mean(name, known)
            raise bad_plan(f"{where}: each key must be one of {', '.join(known)}; got `{name}`{hint}")


def path_of(form: Any) -> str:
    """A path of a plan's JSON: text, or the bytes of one that is not UTF-8."""
    if isinstance(form, str):
        return form
    codes = form.get("bytes") if isinstance(form, dict) and len(form) == 1 else None
    if not isinstance(codes, list) or not all(type(byte) is int and 0 <= byte < 256 for byte in codes):
        raise bad_plan(f"{form!r} is not a path: it must be a string or an object with bytes")
    return os.fsdecode(bytes(codes))
