"""Who may import whom, and how large a folder, a file and a function may be. The same as `npm run imports` for TypeScript."""

from __future__ import annotations

import ast
import graphlib
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src/artcafe"

# From top to bottom. Each imports only from its own line and those below it, and nothing in a circle.
LAYERS = [
    ["artcafe", "original"],
    ["pubsub"],
    ["presence"],
    ["channel"],
    ["_session"],
    ["_sending"],
    ["_reading"],
    ["_connection"],
    ["options", "events"],
    ["_shared", "messages", "cursors", "errors"],
]
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}

MOST_FILES = 12
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 50


def read(package: Path) -> dict[str, ast.Module]:
    """The modules, by their full names."""
    modules = {}
    for file in package.rglob("*.py"):
        parts = [
            part for part in file.relative_to(package.parent).with_suffix("").parts if part != "__init__"
        ]
        modules[".".join(parts)] = ast.parse(file.read_text())
    return modules


def imports_of(name: str, modules: dict[str, ast.Module]) -> set[str]:
    """The modules of the package that one of them imports, anywhere in it."""
    is_package = any(other.startswith(f"{name}.") for other in modules)
    package = name if is_package else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(modules[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            members = {f"{origin}.{alias.name}" for alias in node.names}
            found |= {member if member in modules else origin for member in members}
    return {each for each in found if each.split(".")[0] == name.split(".")[0]}


def unit_of(name: str) -> str:
    """The folder of a module, or the module itself where it is in none."""
    return name.split(".")[:2][-1]


def wrong_imports(package: Path) -> list[str]:
    modules = read(package)
    graph = {name: imports_of(name, modules) for name in modules}
    wrong = [f"{name} has no layer" for name in modules if unit_of(name) not in LAYER_OF]
    for name, imports in graph.items():
        layer = LAYER_OF.get(unit_of(name), 0)
        wrong += [f"{name} imports {each}" for each in imports if LAYER_OF.get(unit_of(each), 0) < layer]
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        wrong.append(f"circle: {' '.join(sorted(set(error.args[1])))}")
    return wrong


def too_large(package: Path) -> list[str]:
    wrong = []
    for folder in [package, *(each for each in package.rglob("*") if each.is_dir())]:
        files = [file for file in folder.iterdir() if file.is_file()]
        if len(files) > MOST_FILES:
            wrong.append(f"{folder.name}: {len(files)} files")
    for file in package.rglob("*.py"):
        text = file.read_text()
        lines = len(text.splitlines())
        if lines > MOST_LINES:
            wrong.append(f"{file.name}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    wrong.append(f"{file.name}, {node.name}: {lines} lines")
    return wrong


def test_no_import_goes_up_and_none_in_a_circle() -> None:
    assert wrong_imports(PACKAGE) == []


def test_folders_files_and_functions_are_small() -> None:
    assert too_large(PACKAGE) == []


def planted(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "artcafe"
    for name, text in {"__init__.py": "", **files}.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return package


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {"_shared/clock.py": "from .._session import Session", "_session.py": ""},
            "artcafe._shared.clock imports artcafe._session",
        ),
        (
            {"_reading/feed.py": "def late():\n    from .._sending import outbox", "_sending/outbox.py": ""},
            "artcafe._reading.feed imports artcafe._sending.outbox",
        ),
        ({"errors.py": "import artcafe.channel", "channel.py": ""}, "artcafe.errors imports artcafe.channel"),
        ({"events.py": "from . import PubSub"}, "artcafe.events imports artcafe"),
        (
            {
                "_reading/__init__.py": "from ..channel import Channel",
                "_reading/feed.py": "",
                "channel.py": "",
            },
            "artcafe._reading imports artcafe.channel",
        ),
        (
            {"_reading/a.py": "from . import b", "_reading/b.py": "from .a import x"},
            "circle: artcafe._reading.a artcafe._reading.b",
        ),
        ({"helpers.py": ""}, "artcafe.helpers has no layer"),
    ],
)
def test_a_wrong_import_is_noticed(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    assert wrong_imports(planted(tmp_path, files)) == [complaint]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({f"_shared/{number}.py": "" for number in range(MOST_FILES + 1)}, "_shared: 13 files"),
        ({"channel.py": "\n" * (MOST_LINES + 1)}, "channel.py: 301 lines"),
        ({"channel.py": "def f():\n" + "    x\n" * MOST_LINES_OF_A_FUNCTION}, "channel.py, f: 51 lines"),
    ],
)
def test_too_much_is_noticed(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    assert too_large(planted(tmp_path, files)) == [complaint]
