"""The page of recipe keys: all of them, with what the models and the bundled recipes say."""

from typing import Any

import pytest
from pydantic import BaseModel

from mmusset.recipe import Recipe
from mmusset.yaml_text import read_yaml
from runs.recipe_page import JOBS, ROOT, comments_of, keys_of, recipe_page

# Which recipe file beside the default one has keys that it leaves out.
ALSO = {"quickstart": ("vllm",)}


def paths_in(data: dict[str, Any], under: str = "") -> set[str]:
    """The dotted path of each value."""
    found: set[str] = set()
    for name, value in data.items():
        path = f"{under}{name}"
        found |= paths_in(value, f"{path}.") if isinstance(value, dict) and value else {path}
    return found


@pytest.mark.parametrize(("model", "default"), [job[1:] for job in JOBS], ids=lambda j: str(j))
def test_every_key_stands_in_a_bundled_recipe(model: type[BaseModel], default: str) -> None:
    recipes = [ROOT / "recipes" / f"{name}.yaml" for name in (default, *ALSO.get(default, ()))]
    written = set[str]().union(*(paths_in(read_yaml(path.read_text())) for path in recipes))
    known = {key.path for key in keys_of(model, {})}
    assert known - {"critic.story_words", "licences.paths.PATTERN"} == {
        path.replace(".captioner", ".AGENT")
        for path in written
        if not any(f".{agent}" in path for agent in ("story_writer", "critic", "reconciler"))
    }


def test_a_key_has_its_values_its_default_and_its_comment() -> None:
    keys = {key.path: key for key in keys_of(Recipe, comments_of(["quickstart", "vllm"]))}
    kind, seconds, floor = (
        keys[path] for path in ("music.from", "clip.seconds", "limits.decode_memory_mb")
    )
    assert (kind.values, kind.default) == ("`files`, `generate`", "`files`")
    assert (seconds.values, seconds.default, seconds.comment) == (
        "number from 2 to 60",
        "`10.24`",
        "the paper's",
    )
    assert (floor.values, floor.comment) == ("whole number from 256", "per process")
    assert keys["critic.story_words"].comment, "a key that stands in a comment"
    assert keys["speaker.sampling.AGENT.top_p"].default == "the agent's own"


def test_the_page_has_a_chapter_for_each_job() -> None:
    page = recipe_page()
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## {title}" for title, *_ in JOBS
    ]
    assert "| `train.quantize` | `none`, `nf4` | `none` |" in page
