"""The state of a source, a build and a ledger as plain values; `show.py` turns them into text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import chain, islice
from pathlib import Path

from pydantic import BaseModel

from mmusset.ears.declaration import Ear
from mmusset.ears.listed import ears_named, of_recipe
from mmusset.errors import MmussetError
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.sample_parts.piece import Piece
from mmusset.shards.manifest import NearDuplicates, known_manifest
from mmusset.shards.tar import Shard
from mmusset.speakers.agent import Agent
from mmusset.truth.control import MOST, Control, HeardCaption, control

from .accounting import Cost, Tally
from .estimate import Estimate, estimate
from .job import BuildResult
from .ledger.ledger import Ledger
from .ledger.left_out import REASON
from .planning.inventory import Inventory
from .planning.plan import clip_count, drop_short
from .planning.spool import Spool
from .reasons import lengths

# CPU-seconds for one sample with the offline speaker; docs/benchmarks.md.
SAMPLE_CPU_S = 0.2


@dataclass(frozen=True, slots=True)
class EarReport:
    """Whether an ear can listen on this machine, and whether the recipe wants it to; one that is
    `on_server` can where that is, which nobody has asked yet."""

    is_there: bool
    is_used: bool
    on_server: bool


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """What a build would find. A piece is music that has a picture; `to_generate` are the pictures
    that music would be made for, `alike` the pieces that are the recording of an earlier one.

    `short_s` are the lengths of pieces that no clip fits into.

    `licenses` counts the pieces by what their tags or sidecars name, "unknown: " and words where
    that is no licence we know; `told` those that tell a thing which the recipe uses. Where files
    were only `glanced` at, nothing was decoded.
    `ears` are all that there are, by their names. `minutes` are without the time that a model
    takes; `estimate` is what that may cost.
    """

    files: dict[str, int]
    music: int
    pieces: int
    pictured_by: dict[str, int]
    alike: int
    with_story: int
    with_caption: int
    licenses: dict[str, int]
    told: dict[str, int]
    to_generate: int
    skipped: dict[str, list[str]]
    undecided: dict[str, list[str]]
    ears: dict[str, EarReport]
    samples: int
    minutes: float
    estimate: Estimate | None
    short_s: list[float]
    glanced: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """An item that was not accepted, or music of which none could be made; its key is "" then."""

    path: str
    key: str
    status: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class RefusedMark:
    """A person's mark that could not be honoured, and why."""

    path: str
    key: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class MarksReport:
    """How a person's marks stand: how many of each kind are honoured, how many wait to be applied
    (or, taken away since, to be undone), and which were refused."""

    honoured: dict[str, int]
    waiting: int
    refused: list[RefusedMark]


@dataclass(frozen=True, slots=True)
class ToldReport:
    """What the items' tags say of one attribute: how many values, and how many of them a
    measurement supports or contradicts. What is contradicted is told to no writer."""

    attribute: str
    values: int
    supported: int
    contradicted: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How a dataset stands. `generated` accepted clips are of music that `composer` made;
    `control` judges captions against other pieces' sound."""

    tally: Tally
    reasons: list[tuple[str, str, int]]
    marks: MarksReport
    splits: dict[str, int]
    shards: list[Shard]
    speaker: str
    generated: int
    composer: str
    told: list[ToldReport]
    models: dict[str, str]
    costs: list[Cost]
    control: Control | None
    lost: Sequence[Lost]
    skipped: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """How a build ended, and how its dataset stands; `example` is the path of an accepted item.

    `near_duplicates` are None until every item has its verdict; `max_near_duplicates` is the share
    of them that the recipe puts up with. `same_picture` counts the accepted samples that have the
    picture of an earlier one.
    """

    out: str
    example: str
    result: BuildResult
    status: StatusReport
    near_duplicates: NearDuplicates | None
    max_near_duplicates: float
    same_picture: int


@dataclass(slots=True)
class _Counts:
    """Of pieces, and of the clips that they give, what a `SurveyReport` counts."""

    clips: int = 0
    with_story: int = 0
    with_caption: int = 0
    pictured_by: Counter[str] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def add(self, piece: Piece, recipe: Recipe) -> None:
        """Count one more piece."""
        self.clips += clip_count(piece, recipe.clip)
        self.with_story += piece.story_path is not None
        self.with_caption += piece.caption_path is not None
        self.pictured_by[str(piece.picture.origin)] += 1
        self.licenses.update([piece.tags.license] if piece.tags.license else [])
        self.told.update(name for name in recipe.tags.use if getattr(piece.tags, name))


def survey(
    inventory: Inventory, recipe: Recipe, agents: Sequence[Agent[BaseModel]]
) -> SurveyReport:
    """The items that a recipe makes of a source, and what a build of them will cost."""
    offers, short = drop_short(inventory.offers, recipe.clip)
    counts = _Counts()
    for offer in offers:
        counts.add(offer.piece, recipe)
    reasons: dict[str, list[str]] = {}
    for skipped in (*inventory.skipped, *short):
        reasons.setdefault(skipped.reason, []).append(show_path(skipped.path))
    unread: dict[str, list[str]] = {}
    for undecided in inventory.undecided:
        unread.setdefault(undecided.why, []).append(show_path(undecided.path))
    samples = counts.clips + len(inventory.lone_pictures)
    return SurveyReport(
        files=dict(inventory.files),
        music=inventory.music,
        pieces=len(offers),
        pictured_by=dict(counts.pictured_by),
        alike=inventory.alike,
        with_story=counts.with_story,
        with_caption=counts.with_caption,
        short_s=lengths(skipped.detail for skipped in short),
        licenses=dict(counts.licenses),
        told={name: counts.told[name] for name in recipe.tags.use},
        to_generate=len(inventory.lone_pictures),
        skipped=reasons,
        undecided=unread,
        ears={ear.name: _ear(ear, recipe) for ear in of_recipe(recipe)},
        samples=samples,
        minutes=samples * _sample_s(recipe) / 60,
        estimate=estimate(samples, recipe, agents),
        glanced=inventory.glanced,
    )


def status(ledger: Ledger) -> StatusReport:
    """The accounting of a ledger, with every loss and its reason."""
    job = ledger.job.facts()
    sealed = [(b.split, s) for b in ledger.plan.blocks() if (s := ledger.shards.of(b.n)) and s.name]
    splits = Counter[str]()
    for split, shard in sealed:
        splits[split] += shard.samples
    return StatusReport(
        tally=ledger.verdicts.tally(),
        reasons=[(r.status, r.reason, r.count) for r in ledger.verdicts.reasons()],
        marks=_marks(ledger),
        splits=dict(splits),
        shards=[shard for _, shard in sealed],
        speaker=job.speaker,
        generated=ledger.media.generated_count(),
        composer=job.composer,
        told=_told(ledger),
        models=job.models,
        costs=ledger.calls.costs(),
        control=_control(ledger, Recipe.of_canonical(job.recipe).certainty),
        # Of millions few are in memory: a text names twenty.
        lost=Spool(chain(_lost_items(ledger), _unread_files(ledger))),
        skipped=[(show_path(s.path), s.reason, s.detail) for s in ledger.left_out.skipped()],
    )


def _ear(ear: Ear, recipe: Recipe) -> EarReport:
    return EarReport(ear.is_there, ear.name in recipe.ears, ear.kind == "listener")


def _sample_s(recipe: Recipe) -> float:
    """How long a sample takes, where each process has a core: many decode, and beside them one
    listens with heavy models."""
    listening = ears_named(recipe.ears)
    apart_s = sum(ear.clip_cpu_s for ear in listening if ear.opens)
    decoding_s = SAMPLE_CPU_S + sum(ear.clip_cpu_s for ear in listening if not ear.opens)
    return max(apart_s, decoding_s / recipe.limits.workers)


def _told(ledger: Ledger) -> list[ToldReport]:
    counts = ledger.verdicts.told()
    return [
        ToldReport(
            name,
            values=sum(count for (attribute, _), count in counts.items() if attribute == name),
            supported=counts.get((name, "supported"), 0),
            contradicted=counts.get((name, "contradicted"), 0),
        )
        for name in dict.fromkeys(attribute for attribute, _ in counts)
    ]


def _control(ledger: Ledger, certainty: float) -> Control | None:
    """The control of the first accepted captions; None where they can't be judged now."""
    try:
        heard = list(islice(_heard(ledger), MOST))
    except MmussetError:  # other measurements are listed than when it was built
        return None
    return control(heard, certainty)


def _heard(ledger: Ledger) -> Iterator[HeardCaption]:
    for block in ledger.plan.blocks():
        for planned in ledger.verdicts.accepted_in(block.n):
            outcome = ledger.verdicts.outcome(planned.idx)
            prepared = ledger.media.prepared(planned.idx)
            if prepared and outcome and outcome.caption:
                music = prepared.media.music_evidence
                yield HeardCaption.of(planned.item.group, outcome.caption, music)


def _lost_items(ledger: Ledger) -> Iterator[Lost]:
    for lost in ledger.verdicts.lost():
        path, verdict = show_path(lost.path), lost.verdict
        if verdict:
            yield Lost(path, lost.key, verdict.status, verdict.reason, verdict.detail)
        else:
            yield Lost(path, lost.key, "undecided", REASON, lost.why)


def _unread_files(ledger: Ledger) -> Iterator[Lost]:
    for file in ledger.left_out.unread_files():
        yield Lost(show_path(file.path), "", file.status, REASON, file.why)


def _marks(ledger: Ledger) -> MarksReport:
    return MarksReport(
        honoured=ledger.marks.honoured(),
        waiting=len(ledger.marks.waiting()),
        refused=[
            RefusedMark(
                show_path(refusal.path), refusal.mark.key, refusal.mark.verdict, refusal.why
            )
            for refusal in ledger.marks.refused()
        ],
    )


def summary(result: BuildResult, out: Path, ledger: Ledger) -> BuildSummary:
    """How a build ended, and how its dataset stands now."""
    example = show_path(ledger.verdicts.first_accepted() or b"")
    manifest = known_manifest(out) if result.finished else None
    alike = manifest.near_duplicates if manifest else None
    most = Recipe.of_canonical(ledger.job.facts().recipe).critic.max_near_duplicates
    same = ledger.verdicts.same_picture_count()
    return BuildSummary(str(out), example, result, status(ledger), alike, most, same)


def plain(value: object) -> object:
    """Any of the facts above as values that JSON knows."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, bytes):
        return show_path(value)
    if isinstance(value, dict):
        return {str(key): plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple, Spool)):
        return [plain(v) for v in value]
    return value
