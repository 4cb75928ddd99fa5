"""What a dataset's card says: its manifest, and what is counted over the samples in its shards."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from pydantic import ValidationError

from mmusset.errors import MmussetError
from mmusset.licensing import UNKNOWN
from mmusset.quality import AXES, PARTS, WORTH_A_WORD, Quality, axis_title, too_low, worst_part
from mmusset.sample import Quadruple
from mmusset.sample_parts.claims import Attribute, ClaimVerdict
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import NOT_ITS_PICTURE, PERSON
from mmusset.shards.manifest import MANIFEST, ListedShard, Manifest, read_manifest
from mmusset.shards.shard_files import ShardFiles, shard_files
from mmusset.shards.tar import read_shard
from mmusset.truth.control import MOST, Control, HeardCaption, control


class Attribution(NamedTuple):
    """Whose work samples are, by their tags; "" where nothing is known."""

    artist: str
    album: str
    license: str


@dataclass(slots=True)
class SampleCounts:
    """What is counted over the samples. It grows with their variety, not with their number."""

    samples: int = 0
    seconds: float = 0.0
    shortest_s: float = float("inf")
    longest_s: float = 0.0
    splits: Counter[str] = field(default_factory=Counter)
    groups: dict[str, set[str]] = field(default_factory=dict)
    shapes: Counter[tuple[int, int]] = field(default_factory=Counter)  # rate in Hz, channels
    upsampled: int = 0
    qualities: Counter[int] = field(default_factory=Counter)  # scores, in tenths from below
    wrong: Counter[str] = field(default_factory=Counter)  # what is worst about a sound
    mono_in_stereo: int = 0
    liked: dict[str, float] = field(default_factory=dict)  # sums of a model's scores, by axis
    image_origins: Counter[str] = field(default_factory=Counter)
    with_frames: int = 0  # whose picture is of a video
    claims: Counter[tuple[Attribute, ClaimVerdict]] = field(default_factory=Counter)
    with_lyrics: int = 0
    with_told: int = 0  # captions that say what a tag told
    caption_writers: Counter[str] = field(default_factory=Counter)
    story_writers: Counter[str] = field(default_factory=Counter)
    by_person: int = 0  # accepted by a person's mark
    rounds: Counter[int] = field(default_factory=Counter)
    picture_fits: Counter[int] = field(default_factory=Counter)  # probabilities, in tenths
    told_anew: int = 0  # stories of which the first was not of its picture
    generated_by: Counter[str] = field(default_factory=Counter)
    attributions: Counter[Attribution] = field(default_factory=Counter)
    heard: list[HeardCaption] = field(default_factory=list)  # of the first few

    def add(self, sample: Quadruple) -> None:
        """Count one more sample."""
        music, tags = sample.music, sample.tags
        self.samples += 1
        self.seconds += music.duration_s
        self.shortest_s = min(self.shortest_s, music.duration_s)
        self.longest_s = max(self.longest_s, music.duration_s)
        self.splits[sample.split] += 1
        self.groups.setdefault(sample.split, set()).add(sample.group)
        self.shapes[music.rate_hz, music.channels] += 1
        self.upsampled += music.upsampled
        self._add_quality(sample.quality)
        self.image_origins[sample.image.origin] += 1
        self.with_frames += bool(sample.frames.count)
        self.claims.update((claim.attribute, claim.verdict) for claim in sample.caption.claims)
        self.with_lyrics += bool(sample.lyrics.text)
        self.with_told += any(claim.verdict == "told" for claim in sample.caption.claims)
        self.caption_writers[sample.caption.writer] += 1
        self.story_writers[sample.story.writer] += 1
        self.by_person += any(turn.speaker == PERSON for turn in sample.turns)
        self.rounds[max(turn.round for turn in sample.turns)] += 1
        if sample.story.picture_fit.by:
            self.picture_fits[min(9, int(10 * sample.story.picture_fit.probability))] += 1
        if sample.story.writer != GIVEN:
            self.told_anew += any(f", {NOT_ITS_PICTURE}: " in turn.faults for turn in sample.turns)
        if music.generated_by:
            self.generated_by[music.generated_by] += 1
        if len(self.heard) < MOST:
            self.heard.append(HeardCaption.of(sample.group, sample.caption, sample.music_evidence))
        self.attributions[Attribution(tags.artist, tags.album, tags.license)] += 1

    def _add_quality(self, quality: Quality) -> None:
        self.qualities[min(9, int(10 * quality.score))] += 1
        part = worst_part(quality)
        if part and quality.score < WORTH_A_WORD:
            self.wrong[part.reason] += 1
        self.mono_in_stereo += quality.mono_in_stereo
        for axis in AXES if quality.aesthetics.by else ():
            title, score = axis_title(axis), quality.aesthetics.of(axis)
            self.liked[title] = self.liked.get(title, 0.0) + score


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is written from."""

    manifest: Manifest
    counts: SampleCounts

    @property
    def splits(self) -> list[str]:
        """The splits that have samples, in the usual order: train first."""
        return [split for split in ("train", "validation", "test") if self.counts.splits[split]]

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.manifest.shards)

    def shards(self, split: str) -> list[ListedShard]:
        return [s for s in self.manifest.shards if s.name.startswith(f"data/{split}-")]

    def claims(self, attribute: str = "", verdict: str = "") -> int:
        """How many claims there are; about one attribute, of one verdict, where these are given."""
        return sum(
            count
            for (about, judged), count in self.counts.claims.items()
            if attribute in ("", about) and verdict in ("", judged)
        )

    @property
    def attributes(self) -> list[str]:
        """What captions claim anything about, the most frequent first."""
        by_attribute = Counter[str]()
        for (attribute, _), count in self.counts.claims.items():
            by_attribute[attribute] += count
        return [name for name, _ in ordered(by_attribute)]

    @property
    def left_out_for_quality(self) -> int:
        """How many items were rejected for their sound."""
        reasons = {*(part.reason for part in PARTS), *map(too_low, AXES)}
        return sum(lost.count for lost in self.manifest.reasons if lost.reason in reasons)

    @property
    def control(self) -> Control | None:
        """The captions against their own sound and other pieces'; None where there is no other."""
        return control(self.counts.heard, self.manifest.recipe["certainty"])

    @property
    def licences(self) -> Counter[str]:
        """Samples by the licence of their music, "unknown" where nothing names one; in datasets
        whose manifest does not say, by what tags were kept."""
        licences = Counter(self.manifest.licences)
        for attribution, count in self.counts.attributions.items() if not licences else ():
            licences[attribution.license or UNKNOWN] += count
        return licences

    @property
    def attributed(self) -> list[tuple[Attribution, int]]:
        """Whose work the samples are, and how many are of each, where tags name anybody."""
        known = Counter(
            {whose: count for whose, count in self.counts.attributions.items() if any(whose)}
        )
        return ordered(known)


def facts_of(out: Path) -> CardFacts:
    """The facts of a finished dataset, its shards read once, and of them the JSON alone.

    Raises MmussetError where there is no manifest that fits, or where shards can't be read.
    """
    manifest = _manifest(out)
    counts = SampleCounts()
    files = shard_files(out)
    for shard in manifest.shards:
        for sample in _samples(files, shard):
            counts.add(sample)
    if counts.samples != manifest.accepted:
        raise MmussetError(
            f"{out} holds {counts.samples} samples, its manifest {manifest.accepted};"
            f" `mmusset verify {out}` shows more, `mmusset build --check`"
            " repairs it"
        )
    return CardFacts(manifest, counts)


def ordered(counter: Counter[Any]) -> list[tuple[Any, int]]:
    """The most frequent first, and in order of their names where that is the same."""
    return sorted(counter.items(), key=lambda pair: (-pair[1], str(pair[0])))


def public_name(name: str) -> str:
    """A model's name without where it lies on this machine."""
    if PureWindowsPath(name).drive:
        return PureWindowsPath(name).name
    return PurePosixPath(name).name if name[:1] in ("/", "~", ".") else name


def _manifest(out: Path) -> Manifest:
    path = out / MANIFEST
    try:
        return read_manifest(out)
    except FileNotFoundError:
        raise MmussetError(
            f"{out} has no {MANIFEST}: give the folder of a finished `mmusset build`"
        ) from None
    except OSError as error:
        raise MmussetError(f"can't read {path}: {error.strerror}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        raise MmussetError(
            f"{path} can't be used ({where}: {fault['msg']}); `mmusset build` writes it again"
        ) from None


def _samples(files: ShardFiles, shard: ListedShard) -> Iterator[Quadruple]:
    import tarfile

    try:
        for _, members in read_shard(files.path(shard.name, shard.sha256), ("json",)):
            yield Quadruple.model_validate_json(members["json"])
    except (tarfile.TarError, FileNotFoundError, KeyError, ValidationError) as error:
        why = type(error).__name__
        raise MmussetError(
            f"{shard.name} can't be read ({why}); `mmusset verify` shows more, `mmusset build"
            " --check` repairs it"
        ) from None
