"""What a measurement is: one attribute of the music, from the sound to the words and back.

The whole house goes through the list of these declarations (`listed.py`): the evidence's
schema, prompts, captions, rules, the pages and the dataset's card.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from mmusset.bins import Bins
from mmusset.measured import Measured

from .said import Said

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal

T = TypeVar("T", bound=BaseModel)
V = TypeVar("V", bound=BaseModel)

DEVIATIONS_IN_AN_ERROR = 2.5632  # standard deviations; half of them leave 0.9 of a normal one


@dataclass(frozen=True, slots=True)
class Border:
    """Where one word ends and the next begins.

    Words are vague: within one `margin` of it the word across can't be ruled out. Measurements err
    less: one `error` away from it the word is wrong in one case of two hundred.
    """

    at: float
    margin: float
    error: float | None = None  # None: as far as the margin


def borders(
    at: Sequence[float], margins: Sequence[float], errors: Sequence[float]
) -> tuple[Border, ...]:
    """Borders from low to high, each with its margin and its error."""
    return tuple(Border(*each) for each in zip(at, margins, errors, strict=True))


@dataclass(frozen=True, slots=True)
class Scale:
    """Words from low to high, with a border between each two.

    On a border either word may be right, half an error away nine times in ten the word of that
    side; within the margin the word across the border can't be ruled out.
    """

    words: tuple[str, ...]
    borders: tuple[Border, ...]

    def word(self, value: float) -> str:
        """The word for a value; a value on a border takes the higher word."""
        return self.words[sum(value >= border.at for border in self.borders)]

    def surety(self, value: float) -> float:
        """The probability that the word is right, by its distance from the borders.

        0.5 on a border; errors of measurement are taken to be normal.
        """
        nearest = min(
            abs(value - border.at) / (border.error or border.margin) for border in self.borders
        )
        return 0.5 * (1 + math.erf(DEVIATIONS_IN_AN_ERROR * nearest / math.sqrt(2)))

    def near(self, value: float) -> frozenset[str]:
        """The words across those borders that are less than their margin away."""
        close = (
            (self.words[index], self.words[index + 1])
            for index, border in enumerate(self.borders)
            if abs(value - border.at) < border.margin
        )
        return frozenset(word for pair in close for word in pair) - {self.word(value)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a clip's evidence says of one attribute.

    `measured` is the number in print, such as "-23.4 LUFS". `near` are the other
    values that the evidence can't rule out.
    """

    attribute: str
    value: str
    measured: str
    confidence: float
    near: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words from `start` to `end` of a text and what they claim; None where nothing."""

    start: int
    end: int
    attribute: str | None
    value: str


class Evidence(Protocol):
    """What was measured on a clip (`sample.MusicEvidence`): `evidence[TEMPO].bpm`."""

    def __getitem__(self, measurement: "Measurement[V]") -> V: ...


@dataclass(frozen=True, slots=True)
class Line(Generic[T]):
    """How an item's page and `explain` print a measurement; nothing is printed without one."""

    title: str
    text: Callable[[T], str]
    confidence: Callable[[T], float]


@dataclass(frozen=True, slots=True)
class Histogram(Generic[T]):
    """How the page counts and filters items by a measurement.

    `name` stands in the page's addresses, beside `q`, `page` and `key`, which it may not be.
    `labels` are all that `label` can give, in order. Items are sorted by `number`, where there
    is one.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    label: Callable[[T], str]
    unit: str = ""
    number: Callable[[T], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurement(Generic[T]):
    """One attribute of the music that evidence can settle. `T` is the type of its evidence.

    It is either measured on the sound, and then stored as a `field` of the evidence, or
    derived from what others have measured (`derive`).
    """

    # What it is: its name as a claim. `model` is the type of its evidence, T, as JSON is read
    # by it.
    name: str
    model: type[T]

    # How it is measured: the field's name ends with its unit. `measure` runs in the process
    # that decodes media, and imports what is heavy inside itself.
    field: str = ""
    measure: "Callable[[ClipSignal], T] | None" = None
    derive: Callable[[Evidence], T] | None = None

    # What belongs to a whole piece is also measured on up to three of its places at once (`pool`);
    # `settle` makes the value that is stored out of a clip's own and the piece's.
    pool: "Callable[[Sequence[ClipSignal]], T] | None" = None
    settle: Callable[[T, T], T] | None = None

    # How it becomes a claim. A number takes the word of its `scale`, printed in `form`; where
    # that is not all, `find` says what the evidence finds. `values` are the words in order,
    # () where a claim may have any value. `holds` says whether a claimed value fits, None
    # where that can't be told; without it, a value fits if it is the one found.
    scale: Scale | None = None
    form: str = "{:g}"
    values: tuple[str, ...] = ()
    find: Callable[[Evidence], Finding] | None = None
    holds: Callable[[str, Evidence], bool | None] | None = None

    # How it is recognised in a text: synonyms of each value ("not mono" is a value, too), and
    # for values that no table can list, a function that finds them all. `said` are nouns and
    # words that give a value together, in all the ways in which a sentence joins them. These are
    # the one table of words: whatever a grammar writes of a value has to be read back by it as
    # that value. A `thing` is named by nouns that may be there or not ("no drums").
    synonyms: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    mentions: Callable[[str], Iterator[Mention]] | None = None
    said: tuple[Said, ...] = ()
    thing: bool = False

    # What of it is worth a word: its `notable` values (None: all), and where it stands in a
    # caption (the lower the rank, the earlier). `sentences` are plain ones by which the offline
    # grammar says each value, where its own caption_phrases.yaml has no phrases.
    notable: frozenset[str] | None = None
    rank: int = 100
    sentences: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    # How a model learns of it: a line of the evidence prompt, a Jinja template over `music`;
    # with a comma ahead of it, it goes on the line of the measurement before.
    prompt: str = ""

    # How people are shown it. `counted` is the facet that counts its claims, "" for none.
    line: Line[T] | None = None
    histogram: Histogram[T] | None = None
    counted: Literal["says", "mood", ""] = "says"

    def __post_init__(self) -> None:
        if bool(self.field) == bool(self.derive) or bool(self.field) != bool(self.measure):
            raise ValueError(
                f"measurement {self.name}: give either field and measure, or derive alone"
            )
        if bool(self.pool) != bool(self.settle):
            raise ValueError(f"measurement {self.name}: give both pool and settle, or neither")
        if self.scale and not self.values:
            object.__setattr__(self, "values", self.scale.words)

    def finding(self, evidence: Evidence) -> Finding:
        """What the evidence says of it."""
        if self.find:
            return self.find(evidence)
        measured = evidence[self]
        if self.scale is None or not isinstance(measured, Measured):
            raise TypeError(f"measurement {self.name} has neither a scale of numbers nor `find`")
        return Finding(
            self.name,
            self.scale.word(measured.value),
            self.form.format(measured.value),
            min(measured.confidence, self.scale.surety(measured.value)),
            self.scale.near(measured.value),
        )

    def fits(self, value: str, evidence: Evidence) -> bool | None:
        """Whether a claimed value (never a denied one) fits; None where that can't be told."""
        if self.holds:
            return self.holds(value, evidence)
        finding = self.finding(evidence)
        return None if value in finding.near else value == finding.value

    def is_notable(self, value: str) -> bool:
        """Whether a value is worth a word in a caption."""
        return self.notable is None or value in self.notable


def number_line(title: str, form: str) -> Line[Measured]:
    """The line of a single number."""
    return Line(title, lambda m: form.format(m.value), lambda m: m.confidence)


def number_histogram(name: str, title: str, unit: str, borders: range) -> Histogram[Measured]:
    """The histogram of a single number, with these borders between the bins."""
    bins = Bins(tuple(borders))
    return Histogram(
        name, title, bins.labels, lambda m: bins.label(m.value), unit, lambda m: m.value
    )
