"""Files of the Python package import one another without a circle, and folders keep to their layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from import_graph import circle, graph, imports_of, reached, sources_of

import fastprep

SOURCES = sources_of(Path(fastprep.__file__).parent)
EDGES = graph(SOURCES)
AT_IMPORT = graph(SOURCES, only_at_import=True)

HEAVY = ("torch", "transformers", "datasets", "trl", "accelerate")
"""Packages that take seconds to import."""

FOLDERS = sorted({name.split(".")[1] for name in SOURCES if name.count(".") == 2})


def folder(name: str) -> str:
    """The folder of a file: `cli` for `fastprep.cli.app`; empty for files of the top."""
    parts = name.split(".")
    return parts[1] if len(parts) > 2 or (len(parts) == 2 and parts[1] in FOLDERS) else ""


def heavy_imports(name: str) -> set[str]:
    """The heavy packages that importing a file imports."""
    found = imports_of(name, SOURCES[name], is_folder=folder(name) == name.rpartition(".")[2])
    return {one.module.split(".")[0] for one in found if one.at_import}.intersection(HEAVY)


def test_there_is_no_circle_of_files() -> None:
    found = circle(EDGES)
    assert not found, "a circle of imports: " + " -> ".join(found)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"p.a": "from p import b", "p.b": "from p import a"}, ["p.a", "p.b", "p.a"]),
        ({"p.a": "from p.b import x", "p.b": "import p.c", "p.c": "from .a import y"}, ["p.a", "p.b", "p.c", "p.a"]),
        # Within a function.
        ({"p.a": "import p.b", "p.b": "def f():\n    from p import a"}, ["p.a", "p.b", "p.a"]),
        ({"p.a": "import p.b", "p.b": "if x:\n    pass\nelse:\n    import p.a"}, ["p.a", "p.b", "p.a"]),
        # A name that the package hands on is that of its definition; so is one handed on twice.
        ({"p": "from .a import f", "p.a": "from p.b import g", "p.b": "from p import f"}, ["p.a", "p.b", "p.a"]),
        (
            {"p": "from .q import f", "p.q": "from .a import f", "p.q.a": "import p.b", "p.b": "from p import f"},
            ["p.b", "p.q.a", "p.b"],
        ),
        # A name that the package itself makes is its own.
        ({"p": "from .a import f", "p.a": "from p.b import g", "p.b": "from p import made"}, ["p", "p.a", "p.b", "p"]),
        # What is imported for types alone, or from elsewhere, makes none.
        ({"p.a": "import p.b", "p.b": "if TYPE_CHECKING:\n    from p import a"}, []),
        ({"p.a": "import p.b, os", "p.b": "import p.c", "p.c": "import a"}, []),
    ],
)
def test_the_reader_of_imports_finds_circles(files: dict[str, str], found: list[str]) -> None:
    assert circle(graph({"p": ""} | files)) == found


def test_each_folder_is_known() -> None:
    assert FOLDERS == ["cli", "expressions", "inspection", "prepared", "report", "sources", "torch"]
    for name in FOLDERS:
        assert EDGES[f"fastprep.{name}"] == set() or name == "cli", f"{name}/__init__.py has a docstring alone"


def test_only_the_command_line_imports_the_command_line() -> None:
    for name, targets in EDGES.items():
        into = [target for target in targets if folder(target) == "cli"]
        assert not into or folder(name) == "cli" or name == "fastprep.__main__", f"{name} imports {into}"


def test_the_hand_off_to_torch_imports_no_other_folder() -> None:
    for name in SOURCES:
        if folder(name) == "torch":
            others = {folder(target) for target in EDGES[name]} - {"", "torch"}
            assert not others, f"{name} imports from {others}"


@pytest.mark.parametrize("name", [name for name in SOURCES if folder(name) != "torch"])
def test_outside_torch_nothing_heavy_is_imported_with_a_file(name: str) -> None:
    # It is a table of datasets, imported by `Split.to_datasets` alone.
    allowed = {"datasets"} if name == "fastprep.prepared.hf_datasets_table" else set()
    assert heavy_imports(name) == allowed


def test_what_importing_fastprep_imports_imports_nothing_heavy() -> None:
    imported = reached(AT_IMPORT, "fastprep")
    assert len(imported) > 20
    assert {name: heavy_imports(name) for name in imported if heavy_imports(name)} == {}
    assert heavy_imports("fastprep.torch.dataset") == {"torch"}


def test_importing_fastprep_loads_no_heavy_package() -> None:
    code = f"import sys, fastprep; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
