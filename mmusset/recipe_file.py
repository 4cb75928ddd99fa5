"""Recipes: one YAML file that describes a whole job, to build or to train.

`load` reads one by name or path, applies `--set a.b=c`, and refuses what its job does
not know, naming the nearest key that it does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from .bounded import read_text_bounded
from .errors import UsageError
from .frozen import Frozen
from .recipe_parts.speaker import HasSampling, complete_speaker
from .safe_text import first_line
from .text import nearest
from .yaml_text import MOST_BYTES, NotYaml, read_yaml

Job = TypeVar("Job", bound=Frozen)

# Keys that recipes had once, and what is said of each.
REPLACED = {
    "keep_tags": "It is 'tags.keep' now.",
    "gates": "There is one 'certainty' (0.9) now: the probability of being right from which"
    " anything measured is said.",
}


def names(job: str = "build") -> list[str]:
    """The recipes for that job that ship with mmusset."""
    shipped = (p for p in resources.files("mmusset.recipes").iterdir() if p.name[-5:] == ".yaml")
    return sorted(
        path.name.removesuffix(".yaml")
        for path in shipped
        if _job_of(read_yaml(path.read_text(encoding="utf-8"))) == job
    )


def load(
    kind: type[Job],
    name_or_path: str,
    overrides: tuple[str, ...] = (),
    agents: Sequence[HasSampling] = (),
) -> Job:
    """The recipe of that name or file, with `a.b=c` overrides applied in order.

    A recipe of a build says how each of `agents` speaks, or takes the agent's own defaults.
    Raises UsageError that names the file and the key, and the nearest right one.
    """
    job = str(kind.model_fields["job"].default)
    return _loaded(kind, _read(name_or_path, job), name_or_path, overrides, agents)


def changed(recipe: Job, overrides: Sequence[str], agents: Sequence[HasSampling] = ()) -> Job:
    """A recipe with `a.b=c` overrides applied in order. Raises as `load`."""
    data = recipe.model_dump(mode="json")
    return _loaded(type(recipe), data, str(data.get("name", "")), overrides, agents)


def _loaded(
    kind: type[Job],
    data: dict[str, Any],
    name_or_path: str,
    overrides: Sequence[str],
    agents: Sequence[HasSampling],
) -> Job:
    job = str(kind.model_fields["job"].default)
    for override in overrides:
        _apply(data, override)
    if _job_of(data) != job:
        raise UsageError(
            f"recipe {name_or_path} is for a {_job_of(data)} job, not to {job}."
            f" There are: {', '.join(names(job))}."
        )
    known = _known_keys(kind, agents)
    if lines := _unknown_agents(data, agents, known):
        raise UsageError(f"recipe {name_or_path}: {'; '.join(lines)}")
    try:
        return kind.model_validate(_with_agents(data, agents))
    except ValidationError as error:
        raise UsageError(_explain(error, known, name_or_path)) from None


def _with_agents(data: dict[str, Any], agents: Sequence[HasSampling]) -> dict[str, Any]:
    speaker = data.get("speaker", {})
    if not agents or not isinstance(speaker, dict):
        return data
    return data | {"speaker": complete_speaker(speaker, agents)}


def _known_keys(kind: type[Job], agents: Sequence[HasSampling]) -> list[str]:
    """Every dotted key that a recipe of this kind may have."""
    usual = kind.model_validate(_with_agents({}, agents))
    return list(_flatten(json.loads(usual.model_dump_json())))


def _unknown_agents(
    data: dict[str, Any], agents: Sequence[HasSampling], known: list[str]
) -> list[str]:
    """A line for each entry of an agent that is not in the list.

    The sections are mappings of any names, so pydantic does not notice a misspelt one.
    """
    speaker = data.get("speaker")
    sections = speaker if isinstance(speaker, dict) else {}
    agent_names = {agent.name for agent in agents}
    return [
        _unknown(f"speaker.{section}.{name}", known)
        for section in ("adapters", "sampling")
        if isinstance(entries := sections.get(section), dict)
        for name in entries
        if name not in agent_names
    ]


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
                near = nearest(path.name, names(job))
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
    printable = first_line(override, 80)
    *parents, last = dotted.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
        if not isinstance(data, dict):
            raise UsageError(f"--set {printable}: {parent} holds a value, not a section")
    try:
        data[last] = read_yaml(text)
    except NotYaml as error:
        raise UsageError(f"--set {printable} is not a YAML value: {error}") from None


def _explain(error: ValidationError, known: list[str], where: str) -> str:
    lines = []
    for fault in error.errors():
        dotted = ".".join(str(part) for part in fault["loc"]) or "recipe"
        if fault["type"] == "extra_forbidden":
            lines.append(_unknown(dotted, known))
        else:
            lines.append(f"{dotted}: {fault['msg'].removeprefix('Value error, ')}")
    return f"recipe {where}: " + "; ".join(lines)


def _unknown(dotted: str, known: list[str]) -> str:
    if dotted in REPLACED:
        return f"unknown key {dotted!r}. {REPLACED[dotted]}"
    return f"unknown key {dotted!r}.{nearest(dotted, known)}"


def _flatten(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
