"""The same pages as a folder of files: opened from disk, or put on any web host.

Facts become scripts, since a page from disk may load those and nothing else. Pictures and sound
are the dataset's own files: to encode a clip anew as MP3 took most of an export's time. The folder
appears under its name once it is whole.
"""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import orjson

from mmusset.errors import MmussetError, Refused, Unread, Unusable
from mmusset.files import PARTIAL, failpoint, sync_folder
from mmusset.progress import Progress
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.shards.reader import BadSample
from mmusset.stopping import asked_to_stop

from .dataset import Reading, ViewedDataset
from .detail import Detail, detail_of
from .facets import facets
from .filters import MOST_VALUES, Filter
from .index import Index, IndexedItem, index_path
from .open_dataset import open_dataset
from .pages import PAGE_SIZE, PAGES, STATIC, Settings, render, static_file
from .pictures import pictures
from .skipped_pictures import NAME, SkippedPicture, SkippedPictures, why_not

CARDS_EACH = PAGE_SIZE  # in a file, so that a page is one file
SAMPLES_EACH = 20
ROWS_EACH = 2000
MARKER = "mmusset-view.txt"
_SAYS = "Pages that `mmusset view --export` wrote: open index.html.\n"


@dataclass(slots=True)
class _Rows:
    """Labels of many items, as numbers: positions in the facets' lists of labels."""

    keys: list[str] = field(default_factory=list)
    labels: dict[str, list[list[int]]] = field(
        default_factory=lambda: {facet.name: [] for facet in facets()}
    )
    numbers: dict[str, list[float | None]] = field(
        default_factory=lambda: {facet.name: [] for facet in facets() if facet.sorted}
    )


def export(out: Path, folder: Path, progress: Progress) -> str:
    """Write a dataset's pages into a new folder; gives the path of the first.

    Raises MmussetError where there is no dataset, or its media can't be read, Refused where
    something stands in the way.
    """
    dataset, folder = open_dataset(out), folder.resolve()
    partial = folder.with_name(folder.name + PARTIAL)
    _check(folder, partial)
    try:
        with ExitStack() as stack:
            index = Index(index_path(out, stack))
            with dataset.reading() as reading:
                progress.stage("index", 0)
                index.refresh(reading)
                _Export(dataset, index, partial).write(reading, progress)
        sync_folder(partial)
        partial.replace(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    progress.log(
        "the pages name your files, and show rejected texts, skipped pictures, marks and their"
        " notes: think of that before you publish"
    )
    return str(folder / "index.html")


def _check(folder: Path, partial: Path) -> None:
    """Raises Refused where something is in the way, but for what a killed export left."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there already; give --export a new folder")
    if (partial / MARKER).exists():
        shutil.rmtree(partial)
    elif partial.exists():
        raise Refused(f"{partial} is there, and --export writes there first; move it away")


class _Export:
    def __init__(self, dataset: ViewedDataset, index: Index, folder: Path) -> None:
        self._dataset = dataset
        self._index = index
        self._folder = folder
        self._labels = index.labels()
        self._numbers = {
            name: {label: number for number, label in enumerate(labels)}
            for name, labels in self._labels.items()
        }

    def write(self, reading: Reading, progress: Progress) -> None:
        self._put(MARKER, _SAYS.encode())
        settings = Settings("disk", self._dataset.takes_marks)
        for page in PAGES:
            self._put(page, render(page, self._dataset.out.resolve().name, settings).encode())
        for name in STATIC:
            self._put(f"static/{name}", static_file(name))
        # Ctrl-C in the middle of a sound is swallowed, and so is the rest of the sound.
        with asked_to_stop() as stopping:
            total = self._items(reading, progress, stopping)
        self._put_data("index", self._facts(total))

    def _items(self, reading: Reading, progress: Progress, stopping: Event) -> int:
        """Write every item's facts and media; returns how many there are."""
        progress.stage("pages", self._index.size(), unit="items")
        cards = _Chunks("cards", CARDS_EACH, self._put_data)
        samples = _Chunks("samples", SAMPLES_EACH, self._put_data)
        words = _Chunks("words", ROWS_EACH, self._put_data)
        thumbnails = self._skipped_pictures(reading.skipped_pictures(), stopping)
        rows, files, done = _Rows(), 0, 0
        for done, item in enumerate(self._index.rows(), start=1):
            if stopping.is_set():
                raise KeyboardInterrupt
            detail = self._detail(reading, item.key)
            card = orjson.dumps(detail.card) if detail else thumbnails.get(item.key, item.card)
            cards.add(card)
            samples.add(orjson.dumps(detail) if detail else b'{"card":%b}' % card)
            words.add(orjson.dumps(item.words))
            self._add_row(rows, item)
            if len(rows.keys) == ROWS_EACH:
                self._put_data(f"rows-{files:05d}", orjson.dumps(rows))
                rows, files = _Rows(), files + 1
            progress.step(done)
        if rows.keys or not files:
            self._put_data(f"rows-{files:05d}", orjson.dumps(rows))
        for chunks in (cards, samples, words):
            chunks.end()
        return done

    def _add_row(self, rows: _Rows, item: IndexedItem) -> None:
        rows.keys.append(item.key)
        for name, labels in item.labels.items():
            rows.labels[name].append([self._numbers[name][label] for label in labels])
        for name, number in item.numbers.items():
            rows.numbers[name].append(number)

    def _detail(self, reading: Reading, key: str) -> Detail | None:
        """An item's facts, once its media are written; None for a file that is no item."""
        story = reading.story(key)
        if story is None:
            return None
        detail = detail_of(story, reading.answer)
        if detail.card.media and not self._media(key):
            return replace(detail, card=replace(detail.card, media=False))
        return detail

    def _facts(self, total: int) -> bytes:
        return orjson.dumps(
            {
                "total": total,
                "cards_each": CARDS_EACH,
                "cards_files": -(-total // CARDS_EACH),
                "samples_each": SAMPLES_EACH,
                "rows_each": ROWS_EACH,
                "rows_files": max(1, -(-total // ROWS_EACH)),
                "words_files": -(-total // ROWS_EACH),
                "most_values": MOST_VALUES,
                "labels": self._labels,
                "counts": self._index.counts(Filter()),
            }
        )

    def _media(self, key: str) -> bool:
        """Write a sample's media; False where they are gone."""
        image, music = (self._dataset.member(key, name) for name in ("image.jpg", "music.flac"))
        if image is None or music is None:
            return False
        try:
            jpeg, flac = image.read(), music.read()
            media = {"image.jpg": jpeg, "music.flac": flac} | pictures(jpeg, flac)
            if frames := self._dataset.member(key, FRAMES):
                media[FRAMES] = frames.read()
        except (BadSample, OSError) as error:
            raise MmussetError(
                f"the media of {key} can't be read ({error}); `mmusset verify` says why"
            ) from None
        for name, data in media.items():
            self._put(f"media/{key}/{name}", data)
        failpoint("media_exported")
        return True

    def _skipped_pictures(
        self, pictures: dict[str, SkippedPicture], stopping: Event
    ) -> dict[str, bytes]:
        """Write the pictures that no item was made of; gives the cards of those that can't be
        shown, which say why."""

        async def write() -> dict[str, bytes]:
            cards = dict[str, bytes]()
            async with SkippedPictures() as decoder:
                for key, picture in pictures.items():
                    if stopping.is_set():
                        raise KeyboardInterrupt
                    try:
                        self._put(f"media/{key}/{NAME}", await decoder.thumbnail(picture))
                    except (Unusable, Unread) as error:
                        card = orjson.loads(self._index.card(key) or b"{}")
                        cards[key] = orjson.dumps(card | {"lone": False, "detail": why_not(error)})
            return cards

        return asyncio.run(write()) if pictures else {}

    def _put_data(self, name: str, data: bytes) -> None:
        self._put(f"data/{name}.js", b'take("%b",%b);\n' % (name.encode(), data))

    def _put(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class _Chunks:
    """JSON values, `each` of them to a file."""

    def __init__(self, name: str, each: int, put: Callable[[str, bytes], None]) -> None:
        self._name = name
        self._each = each
        self._put = put
        self._waiting: list[bytes] = []
        self._files = 0

    def add(self, value: bytes) -> None:
        self._waiting.append(value)
        if len(self._waiting) == self._each:
            self.end()

    def end(self) -> None:
        if self._waiting:
            name = f"{self._name}-{self._files:05d}"
            self._put(name, b"[%b]" % b",\n".join(self._waiting))
            self._waiting, self._files = [], self._files + 1
