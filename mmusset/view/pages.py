"""The pages, made of `templates/`: the server and an export have the same, with other sources."""

from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

from jinja2 import Environment

from mmusset.html_templates import html_templates

from .facets import facets
from .guard import POLICY

PageName = Literal["index.html", "sample.html", "plots.html"]
PAGES: tuple[PageName, ...] = get_args(PageName)
STATIC = (
    "icon.svg",
    "style.css",
    "theme.js",  # before the page is drawn
    "dom.js",
    "server.js",
    "disk.js",
    "player.js",
    "marks.js",
    "words.js",
    "grid.js",
    "sample.js",
    "plots.js",
    "keys.js",
)
PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class Settings:
    """What the scripts need to know: where facts come from, and whether marks are taken."""

    source: Literal["server", "disk"]
    takes_marks: bool


def render(name: PageName, title: str, settings: Settings) -> str:
    """One page. `title` is the dataset's."""
    facts = asdict(settings) | page_facts()
    return (
        _environment()
        .get_template(name)
        .render(title=title, here=name, settings=settings, page_facts=facts, policy=POLICY)
    )


def page_facts() -> dict[str, object]:
    """What the scripts of every page need to know, whatever the source of their facts."""
    return {"page_size": PAGE_SIZE, "facets": [asdict(facet) for facet in facets()]}


def static_file(name: str) -> bytes:
    """One of `STATIC`."""
    return (resources.files(__package__) / "static" / name).read_bytes()


@cache
def _environment() -> Environment:
    return html_templates("mmusset.view", "templates")
