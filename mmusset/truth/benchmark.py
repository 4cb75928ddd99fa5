"""The benchmark of truth: captions with one planted fault, and right ones, against known evidence.

It measures what reading and judging are worth, not the measurements: the evidence is drawn, not
measured. Every attribute's faults are planted in the manner of every writer that can state it;
a fault is caught where a claim about its attribute is contradicted. In right captions a
contradicted claim is a false alarm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from mmusset.intervals import wilson
from mmusset.measured import Measured
from mmusset.measurements.declaration import Measurement, Scale
from mmusset.measurements.key import KEY, KEYS, TONICS, MusicalKey
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.spoken_tempo import ONES, TEENS, TENS
from mmusset.measurements.tempo import TEMPO, Tempo
from mmusset.sample_parts.claims import Claim, JudgedClaim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.yaml_text import read_yaml

from .extract import extract
from .findings import carried
from .judge import judge

T = TypeVar("T")
# The manner of a writer: claims, of which the first is the one that counts, as a caption; "" where
# that writer has no words for the first.
Write = Callable[[Sequence[Claim], Random], str]

# A file for each writer: sentences by what they say. {bpm}, {spelt} and {key} stand for values;
# {adjective}, in an opening, for words of `adjectives`; `besides` says nothing that can be judged.
# All were written without a look at the recogniser's words, but docs/benchmarks.md tells which
# it was mended on afterwards.
WRITERS = Path(__file__).with_name("writers")
EACH = 40  # captions of each kind, for each attribute and writer
RIGHT_BESIDE = 3  # right statements beside the one that counts
TRIES = 60  # pieces that are drawn until one can carry what is wanted
OPENED, ADJECTIVE, ASIDE = 0.6, 0.4, 0.5  # shares of captions
DURATION_S = 10.24


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What was caught and what was wrongly blamed, of an attribute or a writer."""

    name: str
    planted: int
    caught: int
    right: int
    alarms: int

    @property
    def recall(self) -> float:
        return self.caught / max(self.planted, 1)

    @property
    def alarm_rate(self) -> float:
        return self.alarms / max(self.right, 1)


@dataclass(frozen=True, slots=True)
class TruthReport:
    """Rows by attribute and by writer, and all together; `missed` are some captions' faults."""

    certainty: float
    seed: int
    by_attribute: list[TruthRow]
    by_writer: list[TruthRow]
    all: TruthRow
    missed: list[str]
    false_alarms: list[str]


@dataclass(frozen=True, slots=True)
class _Trial:
    writer: str
    attribute: str
    text: str
    planted: bool
    said: tuple[str, ...]  # the attributes of the right statements
    contradicted: tuple[JudgedClaim, ...]


def run(certainty: float, writers: Mapping[str, Write], seed: int, each: int) -> TruthReport:
    """Plant `each` faults of every attribute for every writer, and as many right captions."""
    trials = [
        trial
        for writer, write in writers.items()
        for attribute in (*(m.name for m in MEASUREMENTS), "instrument")
        for planted in (True, False)
        for n in range(each)
        if (trial := _trial(certainty, writer, write, attribute, planted, f"{seed}/{n}"))
    ]
    attributes = dict.fromkeys(trial.attribute for trial in trials)
    return TruthReport(
        certainty=certainty,
        seed=seed,
        by_attribute=[_row(name, trials, about=name) for name in attributes],
        by_writer=[_row(name, [t for t in trials if t.writer == name]) for name in writers],
        all=_row("all", trials),
        missed=[t.text for t in trials if t.planted and not _caught(t)],
        false_alarms=[t.text for t in trials if not t.planted and t.contradicted],
    )


def text_of(report: TruthReport) -> str:
    """The report for people."""
    lines = [f"captions judged at certainty {report.certainty:g}, seed {report.seed}", _HEAD]
    lines += [_line(row) for row in (*report.by_attribute, report.all)]
    lines += ["", "by writer", *(_line(row) for row in report.by_writer)]
    return "\n".join(lines)


_HEAD = f"{'':12s}{'faults':>7s} caught            {'right':>7s} false alarms"


def _line(row: TruthRow) -> str:
    def share(part: float, of: int) -> str:
        low, high = wilson(part, of)
        return f"{part:6.1%} ({low:.1%}-{high:.1%})"

    return (
        f"{row.name:12s}{row.planted:7d} {share(row.recall, row.planted)}"
        f" {row.right:7d} {share(row.alarm_rate, row.right)}"
    )


def _row(name: str, trials: Iterable[_Trial], about: str = "") -> TruthRow:
    trials = list(trials)
    faults = [t for t in trials if t.planted and about in ("", t.attribute)]
    right = [t for t in trials if not t.planted]
    return TruthRow(
        name,
        planted=len(faults),
        caught=sum(_caught(t) for t in faults),
        right=sum(sum(about in ("", each) for each in t.said) for t in right),
        alarms=sum(sum(about in ("", c.attribute) for c in t.contradicted) for t in right),
    )


def _caught(trial: _Trial) -> bool:
    return any(claim.attribute == trial.attribute for claim in trial.contradicted)


def _trial(
    certainty: float, writer: str, write: Write, attribute: str, planted: bool, seed: str
) -> _Trial | None:
    random = Random(f"{seed}/{writer}/{attribute}/{planted}")
    for _ in range(TRIES):
        music = drawn(random)
        first = (_wrong if planted else _right)(attribute, music, certainty, random)
        if first is None:
            continue
        beside = list(_beside(attribute, music, certainty, random))
        text = write((first, *beside), random)
        if not text:
            continue
        verdicts = judge(extract(text), music, certainty)
        contradicted = tuple(claim for claim in verdicts if claim.verdict == "contradicted")
        said = tuple(claim.attribute for claim in (*(() if planted else (first,)), *beside))
        return _Trial(writer, attribute, text, planted, said, contradicted)
    return None


# --- pieces, and what may be said of them ---------------------------------------------------


def drawn(random: Random) -> MusicEvidence:
    """Evidence of no piece: every word of every scale, and any confidence, may come up."""
    bpm = 45 + random.random() * 140
    tempo = Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=bpm * 2, confidence=_sure(random))
    tonic, mode = _pick(random, TONICS), _pick(random, ("major", "minor"))
    second = _pick(random, [key for key in KEYS if key != f"{tonic} {mode}"])
    key = MusicalKey(
        tonic=tonic,
        mode=mode,
        alternative=second,
        confidence=_sure(random),
        mode_confidence=_sure(random),
    )
    fields: dict[str, Any] = {TEMPO.field: tempo, KEY.field: key}
    for each in MEASUREMENTS:
        if each.field and each.scale and each.field not in fields:
            fields[each.field] = Measured(
                value=_value(each.scale, random), confidence=_sure(random)
            )
    silence = Measured(value=0.0, confidence=1.0)
    plain = {name: value.model_dump() for name, value in fields.items()}
    return MusicEvidence.model_validate(
        {
            "duration_s": DURATION_S,
            "peak_dbfs": -1.0,
            "silence_share": silence.model_dump(),
            **plain,
        }
    )


def _sure(random: Random) -> float:
    """Two in three are beyond doubt; the others are anything."""
    return 1.0 if random.random() < 2 / 3 else random.random()


def _value(scale: Scale, random: Random) -> float:
    """A value well inside one of the scale's words."""
    word = int(random.random() * len(scale.words))
    if 0 < word < len(scale.borders):
        low, high = scale.borders[word - 1], scale.borders[word]
        start, end = low.at + low.margin, high.at - high.margin
        return start + (end - start) * random.random()
    border = scale.borders[max(0, word - 1)]
    away = border.margin * (1.1 + 0.8 * random.random())
    return border.at + (away if word else -away)


def _right(name: str, music: MusicEvidence, certainty: float, random: Random) -> Claim | None:
    """A claim that evidence carries, or that it leaves open."""
    if name == "instrument":
        return None
    measurement = _named(name)
    finding = measurement.finding(music)
    if carried(finding, certainty):
        return _claim(name, finding.value)
    if finding.near or name in ("tempo", "key") or random.random() < 0.5:
        return None
    return _claim(name, _pick(random, measurement.values))


def _wrong(name: str, music: MusicEvidence, certainty: float, random: Random) -> Claim | None:
    """A claim that evidence rules out; None where the evidence is not sure."""
    if name == "instrument":
        drums = PERCUSSION.finding(music)
        silent = carried(drums, certainty) and drums.value == "absent"
        return _claim("instrument", "snare") if silent else None
    measurement = _named(name)
    if not carried(measurement.finding(music), certainty):
        return None
    values = [
        value for value in _values(measurement, random) if not _may_be(measurement, value, music)
    ]
    return _claim(name, _pick(random, values)) if values else None


def _may_be(measurement: Measurement[Any], value: str, music: MusicEvidence) -> bool:
    return measurement.fits(value, music) is not False


def _values(measurement: Measurement[Any], random: Random) -> Sequence[str]:
    """Values that can be claimed: all words, some keys, some tempi."""
    if measurement.name == "tempo":
        return [str(int(45 + random.random() * 140)) for _ in range(4)]
    return KEYS if measurement.name == "key" else measurement.values


def _beside(
    attribute: str, music: MusicEvidence, certainty: float, random: Random
) -> Iterator[Claim]:
    names = [each.name for each in MEASUREMENTS if each.name != attribute]
    if attribute == "instrument":
        names.remove("percussion")
    for _ in range(RIGHT_BESIDE):
        name = names.pop(int(random.random() * len(names)))
        if claim := _right(name, music, certainty, random):
            yield claim


def _claim(name: str, value: str) -> Claim:
    return Claim(attribute=name, value=value, text=f"{name} {value}")


def _named(name: str) -> Measurement[Any]:
    measurement = MEASUREMENTS.named(name)
    assert measurement is not None, f"no measurement {name}"
    return measurement


# --- writers ---------------------------------------------------------------------------------


def free_styles() -> dict[str, Write]:
    """The writers in `writers/`, by name."""
    return {name: _writer(style) for name, style in _styles().items()}


@cache
def _styles() -> dict[str, Any]:
    files = sorted(WRITERS.glob("*.yaml"))
    return {file.stem: read_yaml(file.read_text(encoding="utf-8")) for file in files}


def _writer(style: Mapping[str, Any]) -> Write:
    def write(claims: Sequence[Claim], random: Random) -> str:
        said = [(claim, _sentences(style, claim)) for claim in claims]
        if not said[0][1]:
            return ""
        opening, opened = _opening(style, claims, random)
        rest = [
            _pick(random, sentences)
            for claim, sentences in said
            if sentences and claim not in opened
        ]
        if random.random() < ASIDE:
            rest.append(_pick(random, style["besides"]))
        sentences = [*opening, *_shuffled(rest, random)]
        return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)

    return write


def _sentences(style: Mapping[str, Any], claim: Claim) -> list[str]:
    ways = style.get(claim.attribute, [])
    found: list[str] = ways.get(claim.value, []) if isinstance(ways, dict) else ways
    return [_filled(sentence, claim) for sentence in found]


def _filled(sentence: str, claim: Claim) -> str:
    if claim.attribute == "tempo":
        return sentence.format(bpm=claim.value, spelt=_in_words(int(claim.value)))
    if claim.attribute == "key":
        spelt = claim.value.replace("#", " sharp") if len(sentence) % 2 else claim.value
        return sentence.format(key=spelt)
    return sentence


def _opening(
    style: Mapping[str, Any], claims: Sequence[Claim], random: Random
) -> tuple[list[str], list[Claim]]:
    """An opening sentence with adjectives of some claims, and which these are; maybe none."""
    if random.random() > OPENED:
        return [], []
    opening = _pick(random, style["openings"])
    words = [
        (claim, _pick(random, adjectives))
        for claim in claims
        if (adjectives := style["adjectives"].get(claim.attribute, {}).get(claim.value))
    ]
    slots = opening.count("{adjective}")
    # The claim that counts is said in the opening at times; what does not fit is said after it.
    if len(words) < slots or (words[0][0] is claims[0] and random.random() > ADJECTIVE):
        return [], []
    words = words[:slots]
    for _, word in words:
        opening = opening.replace("{adjective}", word, 1)
    return [opening], [claim for claim, _ in words]


def _in_words(number: int) -> str:
    if number >= 100:
        rest = f" and {_in_words(number % 100)}" if number % 100 else ""
        return f"a hundred{rest}" if number < 200 else f"two hundred{rest}"
    if number < 20:
        return ("", *ONES, *TEENS)[number]
    return TENS[number // 10 - 2] + (f"-{ONES[number % 10 - 1]}" if number % 10 else "")


def _pick(random: Random, choices: Sequence[T]) -> T:
    return choices[int(random.random() * len(choices))]


def _shuffled(texts: list[str], random: Random) -> list[str]:
    return [text for _, text in sorted((random.random(), text) for text in texts)]
