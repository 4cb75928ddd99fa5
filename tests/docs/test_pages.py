"""The pages of the documentation: what they link to and what they name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for where in (".", "benchmarks") for path in (ROOT / where).glob("*.md"))
PAGES += sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
# Pages that `make docs` writes.
GENERATED = (
    "docs/reference/commands.md",
    "docs/reference/recipe.md",
    "docs/reference/api.md",
    "docs/guides/notebook.md",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text()):
        path = (page.parent / target).resolve() if target else page
        assert path.exists() or str(path.relative_to(ROOT)) in GENERATED, target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Where links into a page lead: its headings, as GitHub and the site name them."""
    titles = (re.sub(r"[^\w\- ]", "", title) for title in HEADING.findall(page.read_text()))
    return {title.strip().lower().replace(" ", "-") for title in titles}


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
