"""Recipes: one YAML file that describes a whole job, to build or to train.

`load` reads one by name or path, applies `--set a.b=c`, and refuses what its job does
not know, naming the nearest key that it does.
"""

import difflib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from .bounded import read_text_bounded
from .errors import UsageError
from .frozen import Frozen
from .safe_text import first_line
from .yaml_text import MOST_BYTES, NotYaml, read_yaml

Job = TypeVar("Job", bound=Frozen)


def names(job: str = "build") -> list[str]:
    """The recipes for that job that ship with mmusset."""
    shipped = (p for p in resources.files("mmusset.recipes").iterdir() if p.name[-5:] == ".yaml")
    return sorted(
        path.name.removesuffix(".yaml")
        for path in shipped
        if _job_of(read_yaml(path.read_text(encoding="utf-8"))) == job
    )


def load(kind: type[Job], name_or_path: str, overrides: tuple[str, ...] = ()) -> Job:
    """The recipe of that name or file, with `a.b=c` overrides applied in order.

    Raises UsageError that names the file and the key, and the nearest right one.
    """
    wanted = str(kind.model_fields["job"].default)
    data = _read(name_or_path, wanted)
    for override in overrides:
        _apply(data, override)
    if _job_of(data) != wanted:
        raise UsageError(
            f"recipe {name_or_path} is for a {_job_of(data)} job, not to {wanted}."
            f" There are: {', '.join(names(wanted))}."
        )
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise UsageError(_explain(error, kind, name_or_path)) from None


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting with another value than before: its dotted name, and both."""

    name: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after}"


def differences(old: str, new: str) -> list[Difference]:
    """What differs between two canonical recipes, by name."""
    before, after = _flatten(json.loads(old)), _flatten(json.loads(new))
    return [
        Difference(key, before.get(key, "(unset)"), after.get(key, "(unset)"))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _job_of(data: dict[str, Any]) -> str:
    return str(data.get("job", "build"))


def _read(name_or_path: str, job: str) -> dict[str, Any]:
    path = Path(name_or_path)
    try:
        if path.suffix in {".yaml", ".yml"}:
            text = read_text_bounded(path, MOST_BYTES)
        else:
            if name_or_path not in _all_names():
                near = _nearest(path.name, names(job))
                raise UsageError(f"no recipe named {name_or_path!r}.{near}")
            shipped = resources.files("mmusset.recipes") / f"{name_or_path}.yaml"
            text = shipped.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"can't read the recipe {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"the recipe {path} is not UTF-8 text: {error}") from None
    try:
        data = read_yaml(text)
    except NotYaml as error:
        raise UsageError(f"the recipe {path} is not YAML: {error}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UsageError(f"the recipe {path} must be a mapping of keys to values")
    return data


def _all_names() -> set[str]:
    return {
        path.name.removesuffix(".yaml") for path in resources.files("mmusset.recipes").iterdir()
    }


def _apply(data: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not dotted:
        raise UsageError(f"--set takes a.b=c, not {override!r}")
    shown = first_line(override, 80)
    *parents, last = dotted.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
        if not isinstance(data, dict):
            raise UsageError(f"--set {shown}: {parent} holds a value, not a section")
    try:
        data[last] = read_yaml(text)
    except NotYaml as error:
        raise UsageError(f"--set {shown} is not a YAML value: {error}") from None


def _explain(error: ValidationError, kind: type[Frozen], where: str) -> str:
    lines = []
    for fault in error.errors():
        dotted = ".".join(str(part) for part in fault["loc"]) or "recipe"
        if fault["type"] == "extra_forbidden":
            near = _nearest(dotted, list(_flatten(json.loads(kind().model_dump_json()))))
            lines.append(f"unknown key {dotted!r}.{near}")
        else:
            lines.append(f"{dotted}: {fault['msg'].removeprefix('Value error, ')}")
    return f"recipe {where}: " + "; ".join(lines)


def _nearest(word: str, candidates: list[str]) -> str:
    sections = {c.rpartition(".")[0] for c in candidates} - {""}
    near = difflib.get_close_matches(word, [*candidates, *sorted(sections)], n=1, cutoff=0.4)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" There are: {', '.join(candidates)}."


def _flatten(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
