"""Finds which files of a Python package import which others, by parsing them. No file is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One name that a file imports.

    Attributes:
        module: The module, absolute: `fastprep.option_checks`.
        name: The name that is taken from it; None for `import fastprep.option_checks`.
        at_import: Whether it runs when the file is imported, not only when a function is called.
    """

    module: str
    name: str | None
    at_import: bool


def sources_of(package: Path) -> dict[str, str]:
    """The text of each file of a package, by its module's name; of a folder's `__init__.py`, by the folder's.

    A stub stands for the compiled module that it describes.
    """
    found = {}
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.pyi")]):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text("utf-8")
    return found


def imports_of(module: str, text: str, is_folder: bool) -> list[Import]:
    """The imports of a file that run at some time: all but those under `if TYPE_CHECKING:`."""
    folder = module if is_folder else module.rpartition(".")[0]
    found: list[Import] = []
    for node, at_import in _statements(ast.parse(text).body, at_import=True):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, None, at_import) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = folder.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            found += [Import(base, alias.name, at_import) for alias in node.names]
    return found


def _statements(body: list[ast.stmt], at_import: bool) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, and whether each runs when the file is imported."""
    for statement in body:
        yield from _nodes(statement, at_import)


def _nodes(node: ast.AST, at_import: bool) -> Iterator[tuple[ast.AST, bool]]:
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        yield from _statements(node.orelse, at_import)
        return
    yield node, at_import
    inside = at_import and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child, inside)


def graph(sources: Mapping[str, str], *, only_at_import: bool = False) -> dict[str, set[str]]:
    """For each file, the files that it imports.

    A name taken from a folder counts as an import of the file that defines it, wherever folders hand it on.
    """
    folders = {name for name in sources if any(other.startswith(f"{name}.") for other in sources)}
    imports = {name: imports_of(name, text, name in folders) for name, text in sources.items()}
    return {
        name: {target for one in found if one.at_import or not only_at_import for target in _targets(one, imports)}
        - {name}
        for name, found in imports.items()
    }


def _targets(one: Import, imports: Mapping[str, list[Import]]) -> set[str]:
    """The file that an import needs: that of a submodule, or of the name's definition; none outside the package."""
    if one.name is not None and f"{one.module}.{one.name}" in imports:
        return {f"{one.module}.{one.name}"}
    if one.module not in imports:
        return set()
    for handed_on in imports[one.module]:
        # `from a import b` in the file that is imported hands `b` on.
        if one.name is not None and handed_on.name == one.name and (found := _targets(handed_on, imports)):
            return found
    return {one.module}


def circle(edges: Mapping[str, set[str]]) -> list[str]:
    """A shortest circle of imports, its first file also last; empty where there is none."""
    shortest: list[str] = []
    for start in sorted(edges):
        paths = [[start]]
        seen: set[str] = set()
        while paths:
            path = paths.pop(0)
            for following in sorted(edges.get(path[-1], ())):
                if following == start:
                    if not shortest or len(path) + 1 < len(shortest):
                        shortest = [*path, start]
                    paths = []
                    break
                if following not in seen:
                    seen.add(following)
                    paths.append([*path, following])
    return shortest


def reached(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """The files that importing a file imports, itself included."""
    found, left = {start}, [start]
    while left:
        for following in edges.get(left.pop(), ()):
            if following not in found:
                found.add(following)
                left.append(following)
    return found
