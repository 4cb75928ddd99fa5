"""What music is asked for: by a picture, a story, a caption, or a table of them."""

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.errors import MmussetError, UsageError

from .reader import BadSample, decode_image
from .recipe import MODALITIES, Modality
from .sound_file import check_format

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = (*MODALITIES, "seconds", "seed", "out")
MAX_TEXT_BYTES = 64_000
MAX_SECONDS = 300.0
TEXT_FILES = {".txt", ".md"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One piece of music. `seconds` 0 is as long as the model was trained on; texts may be ""."""

    out: Path
    image: Path | None = None
    story: str = ""
    caption: str = ""
    seconds: float = 0.0
    seed: int = 0
    guidance: dict[Modality, float] = field(default_factory=dict)

    def picture(self) -> "Image | None":
        """The picture, decoded. Raises UsageError where it is none."""
        if self.image is None:
            return None
        try:
            return decode_image(self.image.read_bytes())
        except OSError as error:
            raise UsageError(f"can't read {self.image}: {error.strerror}") from None
        except BadSample as error:
            raise UsageError(f"{self.image} is no picture that can be used: {error}") from None


def text_of(words: str, option: str) -> str:
    """The text that an option gives: itself, or what stands in the file that it names.

    Raises UsageError for an empty text, and for a file that is not there or not text.
    """
    path = Path(words)
    looks_like_file = path.suffix.lower() in TEXT_FILES and len(words) < 1000
    if looks_like_file and "\n" not in words:
        try:
            with path.open("rb") as file:
                words = file.read(MAX_TEXT_BYTES).decode()
        except OSError as error:
            raise UsageError(f"--{option}: can't read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"--{option}: {path} is not UTF-8 text") from None
    if not words.strip():
        raise UsageError(f"--{option} is empty: write something, or leave it out")
    return words.strip()


def seeded(asked: Asked, seeds: Sequence[int]) -> list[Asked]:
    """The same for each seed, if any is given; of several, each file's name says its seed."""
    if len(set(seeds)) < len(seeds):
        raise UsageError("the same seed twice gives the same sound twice")
    if len(seeds) <= 1:
        return [replace(asked, seed=seed) for seed in seeds] or [asked]
    stem = asked.out.stem
    return [replace(asked, seed=s, out=asked.out.with_stem(f"{stem}-seed{s}")) for s in seeds]


def wanted(
    out: Path,
    image: Path | None,
    story: str | None,
    caption: str | None,
    seconds: float | None,
    guidance: Sequence[str],
) -> Asked:
    """What the options of `mmusset generate` ask for. Raises UsageError for what can't be meant."""
    if seconds is not None and not 0 < seconds <= MAX_SECONDS:
        raise UsageError(f"--seconds must be over 0 and at most {MAX_SECONDS:g}, not {seconds:g}")
    return Asked(
        out=out,
        image=image,
        story="" if story is None else text_of(story, "story"),
        caption="" if caption is None else text_of(caption, "caption"),
        seconds=seconds or 0.0,
        guidance=guidance_of(guidance),
    )


def from_table(table: Path, folder: Path, usual: Asked) -> list[Asked]:
    """What the rows of a CSV ask for; what a row leaves empty is as in `usual`.

    Paths are relative to the table; files go into `folder`. Raises UsageError that names
    the line.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            _check_columns(table, rows.fieldnames or [])
            found = list(_rows(rows, table, folder, usual))
    except OSError as error:
        raise UsageError(f"can't read {table}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no CSV in UTF-8: {error}") from None
    if not found:
        raise UsageError(f"{table} has no rows")
    return found


def check_files(asked: Sequence[Asked]) -> None:
    """Raises UsageError or MmussetError where a file can't be written, or is there already."""
    outs = [each.out for each in asked]
    for out in outs:
        check_format(out)
        if out.exists():
            raise MmussetError(f"{out} is there already; name another with --out")
        if not out.parent.is_dir():
            raise UsageError(f"there is no folder {out.parent}")
    if len(set(outs)) < len(outs):
        raise UsageError("two rows have the same `out`")


def guidance_of(words: Sequence[str]) -> dict[Modality, float]:
    """`3`, or `image=4`, `caption=2`: a scale for each modality that is named, or for all."""
    scales: dict[Modality, float] = {}
    for word in words:
        name, equals, number = word.rpartition("=")
        try:
            scale = float(number)
        except ValueError:
            raise UsageError(f"--guidance takes a number, or image=NUMBER, not {word!r}") from None
        if not 0 <= scale <= 100:
            raise UsageError(f"--guidance must be from 0 to 100, not {number}")
        named = [modality for modality in MODALITIES if not equals or modality == name]
        if not named:
            raise UsageError(f"--guidance {word}: there are {', '.join(MODALITIES)}")
        scales |= dict.fromkeys(named, scale)
    return scales


def _check_columns(table: Path, names: Sequence[str]) -> None:
    if not names:
        raise UsageError(f"{table} is empty; its first line names columns: {', '.join(COLUMNS)}")
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(COLUMNS)}."
            raise UsageError(f"{table}: unknown column {name!r}.{meant}")


def _rows(rows: "csv.DictReader[str]", table: Path, folder: Path, usual: Asked) -> Iterator[Asked]:
    for number, row in enumerate(rows, 1):
        told = {name: (value or "").strip() for name, value in row.items() if name}
        where = f"{table}, row {number}"
        try:
            seconds = float(told.get("seconds") or usual.seconds)
            seed = int(told.get("seed") or usual.seed)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
        image = told.get("image")
        yield Asked(
            out=folder / (told.get("out") or f"{number:04d}.flac"),
            image=table.parent / image if image else usual.image,
            story=_cell(told, "story", where) or usual.story,
            caption=_cell(told, "caption", where) or usual.caption,
            seconds=seconds,
            seed=seed,
            guidance=usual.guidance,
        )


def _cell(told: dict[str, str], name: str, where: str) -> str:
    words = told.get(name, "")
    try:
        return text_of(words, name) if words else ""
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
