"""The card of a dataset: README.md, with croissant.json and a picture of samples beside it.

All of it is made from the manifest and the shards: same dataset, same bytes.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.errors import Refused
from mmusset.files import write_bytes_durably
from mmusset.measurements.precision import rightness
from mmusset.sample_parts.piece import ImageOrigin
from mmusset.shards.manifest import MANIFEST
from mmusset.text import byte_size, counted

from . import readme
from .contact_sheet import contact_sheet
from .croissant import croissant
from .facts import CardFacts, facts_of, ordered, public_name
from .features import features, optional_fields
from .licence import Licence, licence_address, licence_text
from .models import licensed_models
from .published import CROISSANT
from .readme import CARD

if TYPE_CHECKING:
    from jinja2 import Template

SHEET = "assets/samples.jpg"
# Not the folder's: a copy of a dataset has the same card.
NAME = "Music with pictures, stories and captions"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
MOST_ATTRIBUTIONS = 100
ORIGINS: dict[ImageOrigin, str] = {
    "embedded": "covers in the music's files",
    "stem": "pictures named as the music is",
    "folder": "covers of albums' folders",
    "video": "frames of music videos",
    "named": "named by the source's table or shards",
    "sequence": "pictures of sequences, each with a clip of its own of their music",
    "alone": "pictures without music, for which a model made some",
    "matched": "pictures matched to music by mood and theme, which nobody paired",
    "embedded, second choice": "covers in the music's files, where nearer pictures can't be used",
    "stem, second choice": "pictures named as the music is, where its cover can't be used",
    "folder, second choice": "covers of albums' folders, where nearer pictures can't be used",
}
# Text of tags and models is data: of it, only these characters are taken for what they are, and a
# colon before a space.
UNPLAIN = re.compile(r"[^\w \"'(),./;%?!+=:-]|_|:(?! )")


def write_card_if_free(out: Path, tell: Callable[[str], None]) -> None:
    """Write the card of a build, if something has changed since it was written; or tell why a
    README.md that stands in the way is left as it is."""
    if _is_current(out):
        return
    try:
        write_card(out)
    except Refused as error:
        tell(f"no card was written: {error}")


def _is_current(out: Path) -> bool:
    """Whether the last that is written of a card is no older than the manifest and the rest."""
    try:
        written_ns = (out / CROISSANT).stat().st_mtime_ns
        others = [(out / name).stat().st_mtime_ns for name in (MANIFEST, CARD, SHEET)]
    except FileNotFoundError:
        return False
    return max(others) <= written_ns


def write_card(out: Path, licence: Licence | None = None, pretty_name: str = "") -> CardFacts:
    """Write a finished dataset's card, and what belongs to it; gives the facts that it tells.

    A licence and a name that the card has already are kept where none is given. Raises
    MmussetError where the dataset can't be read, Refused where a README.md stands in the way.
    """
    owned = readme.read(out / CARD)
    facts = facts_of(out)
    if licence:
        without = {k: v for k, v in owned.front.items() if not k.startswith("license")}
        owned = readme.Readme(licence.front() | without, owned.before, owned.after)
    name = pretty_name or str(owned.front.get("pretty_name") or NAME)
    sheet = contact_sheet(out, facts.manifest.shards)
    front = front_matter(facts, name)
    generated = body(facts, name, owned.front, with_sheet=sheet is not None)
    _write(out / SHEET, sheet)
    _write(out / CARD, owned.text(front, generated).encode())
    # The last: a push takes it for the sign that the card is of these shards.
    licensed = licence_address(owned.front)
    _write(out / CROISSANT, croissant(facts, name, licensed) if facts.splits else None)
    return facts


def front_matter(facts: CardFacts, name: str) -> dict[str, Any]:
    """What the Hub and `load_dataset` read of a card."""
    creators = ["machine-generated"]
    if facts.counts.story_writers["given"] or facts.counts.caption_writers["given"]:
        creators.append("found")
    count, optional = facts.counts.samples, optional_fields(facts.manifest.recipe)
    if facts.counts.with_frames:
        optional |= {"frames"}
    return {
        "pretty_name": name,
        "language": ["en"],
        "annotations_creators": creators,
        "task_categories": ["text-to-audio", "image-to-text"],
        "size_categories": [next((size for most, size in SIZES if count < most), "n>1M")],
        "tags": ["music", "multimodal", "webdataset", "mmusset"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.tar"} for split in facts.splits
                ],
            }
        ],
        "dataset_info": {"features": features(_labels(facts), optional)},
    }


def _labels(facts: CardFacts) -> dict[str, tuple[str, ...]]:
    return {name: ear.labels for name, ear in facts.manifest.ears.items()}


def body(facts: CardFacts, name: str, owned: dict[str, Any], *, with_sheet: bool) -> str:
    """The generated part of a card, Markdown."""
    return _template().render(
        facts=facts,
        counts=facts.counts,
        manifest=facts.manifest,
        recipe=facts.manifest.recipe,
        name=name,
        licence=licence_text(owned),
        models=licensed_models(facts.manifest),
        sheet=SHEET if with_sheet else "",
        most_attributions=MOST_ATTRIBUTIONS,
        origins=ORIGINS,
        first=facts.splits[0] if facts.splits else "train",
    )


@cache
def _template() -> "Template":
    """The card's, compiled, which takes longer than all else of a small dataset's card."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mmusset.publish", "."),
        undefined=StrictUndefined,
        autoescape=False,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "ordered": ordered,
        "in_code": in_code,
        "public": public_name,
        "share": share,
        "percent": "{:.1%}".format,
        "rightness": rightness,
        "thousands": "{:,}".format,
        "counted": counted,
        "hours": hours,
        "size": byte_size,
    }
    environment.filters.update(filters)
    return environment.get_template("card.md.j2")


def plain(value: object) -> object:
    """Text that Markdown and HTML take for text: every sign that they might not, as its number."""
    if not isinstance(value, str):
        return value
    return UNPLAIN.sub(lambda match: f"&#{ord(match[0])};", value)


def in_code(text: str) -> str:
    """Text for a block of code, where there are no numbers for signs: without them."""
    return UNPLAIN.sub("", text)


def share(part: int, whole: int) -> str:
    """`98.5 %`"""
    return f"{100 * part / max(whole, 1):.1f} %"


def hours(seconds: float) -> str:
    """`3.2 hours`, in the unit that suits."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} seconds"


def _write(path: Path, data: bytes | None) -> None:
    """Write a file, or take it away, if that changes anything."""
    if data is None:
        path.unlink(missing_ok=True)
    elif not path.is_file() or path.stat().st_size != len(data) or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_durably(path, data, "card")
