"""The page that lists every key of a recipe: from the models that read it, and the comments of the
bundled recipes.

`docs_pages.py` writes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from mmusset.finetune.recipe import FinetuneRecipe
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.recipe import Recipe
from mmusset.recipe_file import names

ROOT = Path(__file__).parents[1]
# What a recipe is for, its model, and the recipe that has every key with its default.
JOBS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("Building a dataset", Recipe, "quickstart"),
    ("Training MusFlow", MusFlowRecipe, "musflow-tiny"),
    ("Fine-tuning Qwen2-VL", FinetuneRecipe, "lora-r8"),
)
INTRO = """# Recipe keys

A recipe is a YAML file, with a section for each table below. `--recipe` takes the name of a bundled
one, or a file of yours that says what differs from the defaults; `--set` overrides single keys:
`--set clip.seconds=30`. This page is generated from the models that read recipes and from the
comments in `recipes/`.
"""
# A line of a recipe with a comment: its indent, its key, the comment. A key may be commented out.
COMMENTED = re.compile(r"^( *)(?:# )?(\w+):[^#]*# (.+)$")
KEY = re.compile(r"^( *)(\w+):")


# What the entries of a mapping are called by; others have one for each agent.
ENTRIES = {"licences.paths": "PATTERN"}


@dataclass(frozen=True)
class Key:
    """One key of a recipe: its path, what it may be, its default in JSON's spelling, and a
    comment, all as Markdown."""

    path: str
    values: str
    default: str
    comment: str


def recipe_page() -> str:
    """Markdown: a chapter for each job, a table for each section of its recipe."""
    lines = [INTRO]
    for title, model, default in JOBS:
        others = [name for name in reversed(names(_job(model))) if name != default]
        listed = ", ".join(f"`{name}`" for name in (default, *others))
        lines += [f"## {title}", "", f"Bundled: {listed}.", ""]
        comments = comments_of([default, *others])
        for section, keys in sections(model, comments):
            if section:
                lines += [f"### {section}", ""]
            if about := comments.get(section):
                lines += [f"{about[0].upper()}{about[1:]}.", ""]
            lines += [*_table(keys), ""]
    return "\n".join(lines)


def sections(model: type[BaseModel], comments: dict[str, str]) -> Iterator[tuple[str, list[Key]]]:
    """The keys by section; those that stand by themselves come first, under ""."""
    found: dict[str, list[Key]] = {"": []}
    for key in keys_of(model, comments):
        section, _, rest = key.path.partition(".")
        found.setdefault(section if rest else "", []).append(key)
    yield from found.items()


# Mappings that are not by agent, one key each, and what they hold.
WHOLE = {"columns": "a name", "least_aesthetics": "a number from 1 to 10"}


def keys_of(model: type[BaseModel], comments: dict[str, str], under: str = "") -> Iterator[Key]:
    """Each key below `under` that takes a value."""
    schemas = model.model_json_schema()
    for name, field in model.model_fields.items():
        path = f"{under}{field.alias or name}"
        inner, is_mapping = _inner(field.annotation)
        if name in WHOLE:
            names = schemas["properties"][name]["propertyNames"]["enum"]
            values = f"{WHOLE[name]} for each of {', '.join(f'`{each}`' for each in names)}"
            yield Key(path, values, "`{}`", comments.get(path, ""))
            continue
        if is_mapping:
            path += f".{ENTRIES.get(path, 'AGENT')}"
        if inner is not None:
            yield from keys_of(inner, comments, f"{path}.")
            continue
        schema = schemas["properties"][field.alias or name]
        if is_mapping:
            schema = schema["additionalProperties"] | {"default": ""}
        default = f"`{_spelt(schema['default'])}`" if "default" in schema else "the agent's own"
        comment = comments.get(path.removesuffix(".PATTERN").replace(".AGENT", ""), "")
        if comment.split("; ") == schema.get("enum"):
            comment = ""  # it lists the values, which have a column of their own
        yield Key(path, allowed(schema), default, comment)


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model of a section's keys, if it is one; and whether it has an entry for each agent."""
    is_mapping = get_origin(annotation) is dict
    kind = get_args(annotation)[1] if is_mapping else annotation
    is_section = isinstance(kind, type) and issubclass(kind, BaseModel)
    return (kind if is_section else None), is_mapping


def allowed(schema: dict[str, Any]) -> str:
    """What a value may be, from its JSON schema."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return ", ".join(allowed(each) for each in schema["anyOf"])
    kind = schema["type"]
    if kind == "array":
        return "two numbers" if "prefixItems" in schema else f"a list: {allowed(schema['items'])}"
    return {"string": "text", "boolean": "`true`, `false`"}.get(kind) or _numbers(kind, schema)


def _numbers(kind: str, schema: dict[str, Any]) -> str:
    words = ["whole number" if kind == "integer" else "number"]
    for bound, said in (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    ):
        if bound in schema:
            words.append(f"{said} {schema[bound]:g}")
    return " ".join(words)


def _spelt(value: Any) -> str:
    """A default as YAML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_spelt(each) for each in value)}]"
    return '""' if value == "" else f"{value}"


def comments_of(recipes: list[str]) -> dict[str, str]:
    """The comment of each key and section, by its path; the first recipe that has one counts."""
    found: dict[str, str] = {}
    for recipe in reversed(recipes):
        text = (ROOT / "recipes" / f"{recipe}.yaml").read_text(encoding="utf-8")
        outer: list[str] = []
        for line in text.splitlines():
            commented = COMMENTED.match(line)
            if match := commented or KEY.match(line):
                del outer[len(match[1]) // 2 :]
                outer.append(match[2])
                if commented:
                    found[".".join(outer)] = commented[3].strip().replace(" |", ";")
    return found


def _table(keys: list[Key]) -> Iterator[str]:
    yield "| key | values | default | |"
    yield "|---|---|---|---|"
    for key in keys:
        yield f"| `{key.path}` | {key.values} | {key.default} | {key.comment} |"


def _job(model: type[BaseModel]) -> str:
    return str(model.model_fields["job"].default)
