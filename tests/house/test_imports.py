"""Imports run downward, without circles, through doors; and a class name means one thing.

All imports count: those inside functions and under TYPE_CHECKING too, since a reader has to follow
them just the same.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# These stand at the top of the tree and are imported as mmusset.<folder>.
TOP = ("agents", "finetune", "prompts", "recipes")

# The ground floor: modules that know nothing of music, and use one another alone.
GROUND = {
    *("errors", "text", "safe_text", "bounded", "frozen", "json_text", "yaml_text", "files"),
    *("progress", "stopping", "tracing", "bins", "installed"),
    "intervals",
    *("same_values", "temporary_file", "temporary_folder", "lazy_sequence"),
    "declared",
    "encodings",
    "no_network",
    "child_process",
    "tar_members",
    "licensing",
    "html_templates",
}
NOUNS = {
    *("measured", "measurements", "quality", "structure", "score", "sample_parts"),
    "sample",
    "notability",
    "recipe_parts",
    "recipe",
    "recipe_file",
}
# What each room may use besides the ground floor, from the bottom of the house to its top. A room
# may use those that stand above it in this table, and no other.
MAY_USE: dict[str, set[str]] = {
    "measured": set(),
    "calibrated": {"measured"},
    "pretrained": set(),
    "dsp": {"measured", "calibrated"},
    "measurements": {"measured", "calibrated", "dsp"},
    "quality": set(),
    "structure": set(),
    "score": {"measured", "measurements"},
    "sample_parts": {"measured", "measurements", "quality", "structure", "score"},
    "sample": {"sample_parts", "quality"},
    "notability": {"sample_parts", "measurements"},
    "recipe_parts": {"quality", "structure"},
    "recipe": {"recipe_parts"},
    "recipe_file": {"recipe", "recipe_parts"},
    "recipes": set(),
    "prompts": {"measurements"},
    "stores": set(),
    "sources": {*NOUNS, "stores"},
    "scores": {*NOUNS, "dsp"},
    "evidence": {*NOUNS, "dsp", "scores"},
    "ears": {*NOUNS, "pretrained", "dsp", "evidence", "scores"},
    "eyes": {*NOUNS, "ears", "pretrained"},
    "matching": {*NOUNS, "ears", "pretrained"},
    "truth": {*NOUNS, "evidence", "ears"},
    "speakers": {*NOUNS, "prompts", "truth", "ears"},
    "agents": {*NOUNS, "speakers", "prompts", "truth", "ears"},
    "shards": {*NOUNS, "stores"},
    "builder": {
        *NOUNS,
        *("sources", "scores", "evidence", "ears", "speakers", "shards", "prompts", "truth"),
        *("eyes", "matching", "stores"),
    },
    "auditing": {*NOUNS, "builder", "ears", "sources", "truth"},
    "publish": {*NOUNS, "shards", "truth"},
    "view": {*NOUNS, "dsp", "ears", "sources", "speakers", "shards", "builder"},
    "training": {*NOUNS, "evidence", "shards"},
    "musflow": {*NOUNS, "dsp", "pretrained", "publish", "shards", "training", "truth"},
    "play": {*NOUNS, "musflow", "shards", "training", "view"},
    "evaluation": {
        *NOUNS,
        *("dsp", "pretrained", "evidence", "ears", "truth", "shards", "training", "musflow"),
    },
    "finetune": {*NOUNS, "shards", "training", "truth", "agents", "speakers", "prompts"},
    "composer": {*NOUNS, "musflow", "training"},
    "calibrating": {*NOUNS, "builder", "ears", "eyes", "shards", "speakers"},
    "pipeline": {
        *NOUNS,
        "auditing",
        "calibrating",
        "agents",
        "builder",
        "composer",
        "ears",
        "publish",
        "sources",
        *("eyes", "matching", "speakers", "shards", "stores"),
    },
    "cli": {
        *(
            *NOUNS,
            "pipeline",
            "calibrating",
            "agents",
            "auditing",
            "builder",
            "publish",
            "view",
            "shards",
            "speakers",
            "truth",
        ),
        *("sources", "ears", "eyes", "training", "musflow", "play", "evaluation", "finetune"),
    },
    "__main__": {"cli"},
}


@dataclass(frozen=True)
class Module:
    """A module of the house, by its name without `mmusset.`; a package is its `__init__`."""

    name: str
    path: Path

    @property
    def package(self) -> str:
        """The package that it stands in: itself, if it is one, or a room of a single file."""
        outer = self.name.rpartition(".")[0]
        return self.name if self.path.name == "__init__.py" or not outer else outer

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


@cache
def tree(module: Module) -> ast.Module:
    return ast.parse(module.path.read_text())


def modules() -> Iterator[Module]:
    for top in ("mmusset", *TOP):
        for path in sorted((ROOT / top).rglob("*.py")):
            if any(folder.is_symlink() for folder in path.parents):
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[top == "mmusset" :]).removesuffix("__init__").removesuffix(".")
            yield Module(name, path)


HOUSE = {module.name: module for module in modules()}


def imported(module: Module) -> Iterator[str]:
    """The modules that a module imports, anywhere in its text."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (target for alias in node.names if (target := _own(alias.name)))
        elif isinstance(node, ast.ImportFrom):
            parts = ["mmusset", *module.name.split(".")]
            up = parts[: len(parts) - node.level + (module.path.name == "__init__.py")]
            base = ".".join([*up, node.module or ""]) if node.level else node.module or ""
            base = base.removesuffix(".")
            if base.partition(".")[0] == "mmusset":
                for alias in node.names:
                    yield _own(f"{base}.{alias.name}") or _own(base) or "mmusset"


def _own(dotted: str) -> str:
    name = dotted.removeprefix("mmusset.")
    return name if dotted.startswith("mmusset.") and name in HOUSE else ""


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, by name."""
    return {
        name: {target for target in imported(module) if target not in ("", "mmusset", name)}
        for name, module in HOUSE.items()
    }


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Groups of two and more that all lead to one another (Tarjan's algorithm)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for target in sorted(graph.get(name, ())):
            if target not in number:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], number[target])
        if low[name] == number[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.add(frozenset(group))

    for name in graph:
        if name not in number:
            visit(name)
    return found


def edges() -> Iterator[tuple[Module, Module]]:
    for name, targets in imports().items():
        for target in sorted(targets):
            yield HOUSE[name], HOUSE[target]


def test_every_room_and_module_of_the_house_is_in_the_table() -> None:
    assert {module.room for module in HOUSE.values() if module.name} == GROUND | set(MAY_USE)


def test_the_table_runs_downward() -> None:
    order = list(MAY_USE)
    for room, others in MAY_USE.items():
        for other in others - {room}:
            assert order.index(other) < order.index(room) or other in NOUNS >= {room, other}, room


def test_rooms_use_only_what_stands_below_them() -> None:
    upward = {
        (module.room, target.room)
        for module, target in edges()
        if module.name and module.room != target.room and target.room not in _below(module.room)
    }
    assert upward == set()


def _below(room: str) -> set[str]:
    return GROUND if room in GROUND else GROUND | MAY_USE[room]


def test_no_modules_lead_in_a_circle() -> None:
    assert circles(imports()) == set()


def test_no_rooms_and_no_packages_lead_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    packages: dict[str, set[str]] = {}
    for module, target in edges():
        rooms.setdefault(module.room, set()).add(target.room)
        # A room within a room may use the one that it stands in, which opens it.
        if not f"{module.package}.".startswith(f"{target.package}."):
            packages.setdefault(module.package, set()).add(target.package)
    assert circles(rooms) == set()
    assert circles(packages) == set()


def doors(package: Module) -> set[str]:
    """The modules of a package that its docstring names after the word "Door" or "Doors"."""
    text = (ast.get_docstring(tree(package)) or "").partition("Door")[2]
    inside = (name for name in HOUSE if name.rpartition(".")[0] == package.name)
    names = {name.rpartition(".")[2] for name in inside}
    return {name for name in names if re.search(rf"\b{name}\b", text)}


def entries(package: Module) -> set[str]:
    """The modules of a package that others import, from outside of it."""
    return {
        target.name.rpartition(".")[2]
        for module, target in edges()
        if target.package == package.name != target.name
        and not f"{module.package}.".startswith(f"{package.name}.")
    }


PACKAGES = [m for m in HOUSE.values() if m.path.name == "__init__.py" and m.name]


@pytest.mark.parametrize("package", PACKAGES, ids=[p.name for p in PACKAGES])
def test_a_room_is_entered_by_the_doors_that_it_names(package: Module) -> None:
    assert ast.get_docstring(tree(package))
    assert entries(package) <= doors(package)


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, set[str]] = {}
    for module in HOUSE.values():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(module.name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_every_package_is_in_the_wheel() -> None:
    folders = {m.name.rpartition(".")[0] for m in HOUSE.values()} - {""}
    assert folders <= {package.name for package in PACKAGES}, "a folder without __init__.py"
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(listed["packages"]) == {"mmusset", *(f"mmusset.{p.name}" for p in PACKAGES)}
    for package, folder in listed["package-dir"].items():
        assert (ROOT / folder / "__init__.py").exists(), package
