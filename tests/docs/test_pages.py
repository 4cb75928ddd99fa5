"""The pages of the documentation: what they link to and what they name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
# Pages that `make docs` writes.
GENERATED = (
    "docs/reference/commands.md",
    "docs/reference/recipe.md",
    "docs/reference/api.md",
    "docs/guides/notebook.md",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text()):
        path = (page.parent / target).resolve()
        assert path.exists() or str(path.relative_to(ROOT)) in GENERATED, target


def test_files_that_are_named_are_there() -> None:
    named = re.compile(
        r"`((?:mmusset|agents|finetune|tests|docs|recipes|prompts|benchmarks|runs)/[\w./]+)`"
    )
    for page in PAGES:
        if page.name in ("LOG.md", "CHANGELOG.md"):
            continue  # they tell of the past
        for name in named.findall(page.read_text()):
            if "NAME" not in name and name not in GENERATED:
                assert (ROOT / name).exists(), f"{page.name} names {name}"
