"""Requests for music: by an image, a story, a caption, a sound, a video, or a table of them."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.bounded import MB, open_regular, read_bounded
from mmusset.errors import MmussetError, UsageError
from mmusset.json_text import canonical_json
from mmusset.musflow.recipe import CONDITIONS, ConditionName
from mmusset.musflow.sound.sound_file import check_format
from mmusset.shards.reader import BadSample
from mmusset.text import nearest
from mmusset.training.moving_picture import MovingPicture, decode_video
from mmusset.training.picture import decode_image

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = (*CONDITIONS, "bpm", "seconds", "seed", "out")
MAX_TEXT, MAX_IMAGE_BYTES, MAX_TABLE_BYTES = 64_000, 256 * MB, 64 * MB
SECONDS = (0.1, 600.0)
BPM = (30.0, 300.0)
MAX_SEED = 2**63 - 1
TEXT_FILES = {".txt", ".md"}
TABLE_FOLDER, FILE = Path("generated"), Path("generated.flac")  # without --out


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A request for one piece. `seconds` 0 is the length of most training clips, or of a shorter
    video; texts may be ""; `bpm` 0 leaves the tempo to what else is asked.

    `continued` is a sound to go on from, or, where there is a `fill`, to make these seconds of
    anew. `without` says what the music is not to be like, `audio` is a sound that it is to be
    like. Without an `image`, that of a `video` is its best frame.

    `where` is the prefix of error messages: the line of a table, or nothing.
    """

    out: Path
    image: Path | None = None
    story: str = ""
    caption: str = ""
    bpm: float = 0.0
    seconds: float = 0.0
    seed: int = 0
    guidance: dict[ConditionName, float] = field(default_factory=dict)
    where: str = ""
    without: str = ""
    continued: Path | None = None
    fill: tuple[float, float] | None = None
    video: Path | None = None
    audio: Path | None = None

    @property
    def conditions(self) -> tuple[ConditionName, ...]:
        """The conditions that are given."""
        return tuple(name for name in CONDITIONS if getattr(self, name))

    def moving_picture(self, most_s: float) -> MovingPicture | None:
        """The video's first seconds, decoded. Raises UsageError where it can't be."""
        if self.video is None:
            return None
        try:
            return decode_video(self.video, most_s)
        except OSError as error:
            raise UsageError(f"{self.where}can't read {self.video}: {error.strerror}") from None
        except BadSample as error:
            why = str(error).removeprefix("its video ")
            raise UsageError(f"{self.where}{self.video} {why}") from None

    def picture(self) -> "Image | None":
        """The image, decoded. Raises UsageError where it can't be."""
        if self.image is None:
            return None
        try:
            return decode_image(read_bounded(self.image, MAX_IMAGE_BYTES))
        except OSError as error:
            raise UsageError(f"{self.where}can't read {self.image}: {error.strerror}") from None
        except BadSample as error:
            why = str(error).removeprefix("its image ")
            raise UsageError(f"{self.where}{self.image} {why}") from None


def request_of_options(
    out: Path | None,
    image: Path | None,
    story: str | None,
    caption: str | None,
    bpm: float | None,
    seconds: float | None,
    guidance: Sequence[str],
    without: str | None = None,
    continued: Path | None = None,
    fill: str | None = None,
    video: Path | None = None,
    audio: Path | None = None,
) -> GenerationRequest:
    """The request of `mmusset generate`'s options. Raises UsageError for invalid ones."""
    if fill is not None and continued is None:
        raise UsageError("--fill goes with --continue, the file of which it makes a part anew")
    if fill is not None and seconds is not None:
        raise UsageError("--fill leaves a file as long as it is: leave --seconds out")
    return GenerationRequest(
        out=out or FILE,
        image=image,
        story="" if story is None else text_of(story, "--story"),
        caption="" if caption is None else text_of(caption, "--caption"),
        bpm=0.0 if bpm is None else _number(bpm, "--bpm", BPM),
        seconds=0.0 if seconds is None else _number(seconds, "--seconds", SECONDS),
        guidance=guidance_of(guidance),
        without="" if without is None else text_of(without, "--without"),
        continued=continued,
        fill=None if fill is None else gap_of(fill),
        video=video,
        audio=audio,
    )


def expand(
    request: GenerationRequest, table: Path | None, folder: Path | None, seeds: Sequence[int]
) -> list[GenerationRequest]:
    """A request for each piece: `request` or the rows of a table, with each of the seeds.

    Raises UsageError or MmussetError where one of them is invalid or can't be written.
    """
    requests = from_table(table, folder, request, seeds) if table else with_seeds(request, seeds)
    check_files(requests)
    return requests


def with_seeds(request: GenerationRequest, seeds: Sequence[int]) -> list[GenerationRequest]:
    """The request with each seed; if there are several, each file's name says its seed."""
    if len(set(seeds)) < len(seeds):
        raise UsageError("--seed: the same seed twice gives the same sound twice")
    for seed in seeds:
        _seed(seed, "--seed")
    if len(seeds) <= 1:
        return [replace(request, seed=seed) for seed in seeds] or [request]
    stem = request.out.stem
    return [replace(request, seed=s, out=request.out.with_stem(f"{stem}-seed{s}")) for s in seeds]


def from_table(
    table: Path, folder: Path | None, defaults: GenerationRequest, seeds: Sequence[int]
) -> list[GenerationRequest]:
    """The requests of a CSV's rows; an empty cell takes its value from `defaults` and `seeds`, and
    a row without a seed has one of its own where there are no `seeds`.

    Paths are relative to the table; files go into `folder`. Raises UsageError that names
    the line.
    """
    try:
        data = io.BytesIO(read_bounded(table, MAX_TABLE_BYTES))
        rows = csv.DictReader(io.TextIOWrapper(data, newline="", encoding="utf-8-sig"))
        _check_columns(table, rows.fieldnames or [])
        requests = [
            request
            for row in _rows(rows, table, folder, defaults, seeds)
            for request in with_seeds(*row)
        ]
    except OSError as error:
        raise UsageError(f"can't read {table}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no CSV in UTF-8: {error}") from None
    if not requests:
        raise UsageError(f"{table} has no rows")
    return requests


def check_files(requests: Sequence[GenerationRequest]) -> None:
    """Raises UsageError where a file can't be written, MmussetError where it is there already.

    Those of a table may exist: the command may be resuming.
    """
    seen = dict[Path, str]()
    for request in requests:
        out, folder = request.out, request.out.parent
        check_format(out, request.where)
        if out in seen:
            raise UsageError(f"{request.where}{out} again, as in {seen[out].rstrip(' :')}")
        seen[out] = request.where
        try:
            if out.exists() and not request.where:
                raise MmussetError(f"{out} is there already; name another with --out")
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{folder} is no folder; name one with --out")
            if not folder.parent.is_dir():
                raise UsageError(f"there is no folder {folder.parent}")
        except OSError as error:
            raise UsageError(f"{request.where}can't write {out}: {error.strerror}") from None


def text_of(words: str, where: str, base: Path = Path()) -> str:
    """The text of an option or a cell: itself, or the content of the file that it names.

    Files are relative to `base`. Raises UsageError, which begins with `where`, for an empty
    text, and for a file that is not there or not text.
    """
    path = _file_of(words, base)
    text = words if path is None else _read(path, where)
    place = where if path is None else f"{where}: {path}"
    if not text.strip():
        raise UsageError(f"{place} is empty; write something, or leave it out")
    if "\0" in text:
        raise UsageError(f"{place} is not text: it holds NUL")
    if len(text) > MAX_TEXT:
        raise UsageError(f"{where}: the text is longer than {MAX_TEXT} letters")
    return text.strip()


def guidance_of(words: Sequence[str]) -> dict[ConditionName, float]:
    """`3`, or `image=4`, `caption=2`: a scale for each modality that is named, or for all."""
    scales: dict[ConditionName, float] = {}
    for word in words:
        name, equals, number = word.rpartition("=")
        try:
            scale = float(number)
        except ValueError:
            raise UsageError(f"--guidance takes a number, or image=NUMBER, not {word!r}") from None
        if not 0 <= scale <= 100:
            raise UsageError(f"--guidance must be from 0 to 100, not {number}")
        named = [condition for condition in CONDITIONS if not equals or condition == name]
        if not named:
            raise UsageError(f"--guidance {word}: {name!r} is none of {', '.join(CONDITIONS)}")
        scales |= dict.fromkeys(named, scale)
    return scales


def gap_of(words: str) -> tuple[float, float]:
    """`4:6`, the seconds from 4 to 6. Raises UsageError for anything else."""
    first, _, last = words.partition(":")
    try:
        start, stop = float(first), float(last)
    except ValueError:
        raise UsageError(f"--fill takes two seconds, such as 4:6, not {words!r}") from None
    if not 0 <= start < stop:
        raise UsageError(f"--fill must go from a second to a later one, not {words}")
    return start, stop


def _check_columns(table: Path, names: Sequence[str]) -> None:
    if not names:
        raise UsageError(f"{table} is empty; its first line names columns: {', '.join(COLUMNS)}")
    for name in names:
        if name not in COLUMNS:
            meant = nearest(name.strip().lower(), COLUMNS)
            raise UsageError(f"{table}: unknown column {name!r}.{meant}")
    if len(set(names)) < len(names):
        raise UsageError(f"{table}: a column is there twice")


def _rows(
    rows: "csv.DictReader[str]",
    table: Path,
    folder: Path | None,
    defaults: GenerationRequest,
    seeds: Sequence[int],
) -> Iterator[tuple[GenerationRequest, Sequence[int]]]:
    """The request of each row, and its seeds."""
    for number, row in enumerate(rows, 1):
        where = f"{table}, line {rows.line_num}"
        if None in row:
            raise UsageError(
                f"{where}: more cells than columns; a text with a comma stands between"
                ' quotes, "like this, here"'
            )
        if any("\0" in value for value in row.values() if value):
            raise UsageError(f"{where}: a cell is not text: it holds NUL")
        cells = {name: value.strip() for name, value in row.items() if value and value.strip()}
        if not cells:
            continue  # spreadsheets leave empty lines at the end
        request = replace(
            defaults,
            out=(folder or TABLE_FOLDER)
            / _file_name(cells.get("out", f"{number:04d}.flac"), where),
            where=f"{where}: ",
        )
        if "image" in cells:
            request = replace(request, image=table.parent / cells["image"])
        if "audio" in cells:
            request = replace(request, audio=table.parent / cells["audio"])
        if "video" in cells:
            request = replace(request, video=table.parent / cells["video"])
        if "story" in cells:
            story = text_of(cells["story"], f"{where}, story", table.parent)
            request = replace(request, story=story)
        if "caption" in cells:
            caption = text_of(cells["caption"], f"{where}, caption", table.parent)
            request = replace(request, caption=caption)
        if "bpm" in cells:
            request = replace(request, bpm=_number(cells["bpm"], f"{where}: bpm", BPM))
        if "seconds" in cells:
            seconds = _number(cells["seconds"], f"{where}: seconds", SECONDS)
            request = replace(request, seconds=seconds)
        if "seed" in cells:
            own = [_seed(cells["seed"], f"{where}: seed")]
        else:
            own = list(seeds) or [_seed_of_row(cells, number)]
        yield request, own


def _seed_of_row(cells: Mapping[str, str], number: int) -> int:
    """A seed of a row's own, by what it says: from one noise, all pieces of a table would have the
    same things happen at the same places. By its number too, so that a row given twice makes
    two pieces."""
    digest = hashlib.sha256(f"{number} {canonical_json(dict(cells))}".encode()).digest()
    return int.from_bytes(digest[:4])


def _file_name(name: str, where: str) -> str:
    if Path(name).name != name or name == "..":
        raise UsageError(f"{where}: out is the name of a file in --out, without folders: {name}")
    return name


def _number(value: str | float, where: str, bounds: tuple[float, float]) -> float:
    least, most = bounds
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"{where} must be a number, not {value!r}") from None
    if not least <= number <= most:
        raise UsageError(f"{where} must be from {least:g} to {most:g}, not {value}")
    return number


def _seed(value: str | int, where: str) -> int:
    try:
        seed = int(value)
    except ValueError:
        raise UsageError(f"{where} must be a whole number, not {value!r}") from None
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"{where} must be from 0 to {MAX_SEED}, not {value}")
    return seed


def _file_of(words: str, base: Path) -> Path | None:
    """The file that a text names, by its suffix or because it exists; None for a plain text."""
    if "\n" in words or not words.strip():
        return None
    path = base / words
    if path.suffix.lower() in TEXT_FILES:
        return path
    try:
        there = path.is_file()
    except OSError:  # a text too long for a file name
        return None
    return path if there and (path.suffix or "/" in words) else None


def _read(path: Path, where: str) -> str:
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig") as file:
            return file.read(MAX_TEXT + 1)
    except OSError as error:
        raise UsageError(f"{where}: can't read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: {path} is not UTF-8 text") from None
