"""What items are counted and filtered by. Every value is a label: numbers fall into bins."""

from dataclasses import astuple, dataclass

from mmusset.bins import Bins
from mmusset.builder.item_story import ItemStory
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.builder.ledger.marks import MARK_VERDICTS, Mark
from mmusset.builder.reasons import worded
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.quality import WORTH_A_WORD, Quality, worst_part
from mmusset.safe_text import show_path
from mmusset.sample import Outcome
from mmusset.sample_parts.claims import OF_A_PIECE, Claim
from mmusset.sample_parts.media import MediaFacts
from mmusset.sample_parts.texts import Caption
from mmusset.text import word_count

from .card import SKIPPED, UNDECIDED, status_of, writers_of

Values = dict[str, tuple[str, ...]]

TIERS = ("score", "measured", "two ears", "one ear", "told", "none")
# A colour that covers less is not what a picture is about.
LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to count by. `labels` are its values in order; () where any text may stand.

    With `several`, an item may have more than one value. `unit` is that of its bins. Items can be
    put in the order of what is `sorted`: its numbers.
    """

    name: str
    title: str
    labels: tuple[str, ...] = ()
    several: bool = False
    unit: str = ""
    sorted: bool = False


_LENGTH = Bins((15, 30, 60, 90, 120, 150, 180, 210, 240, 300, 360, 480, 600, 1200))
_STORY = Bins(tuple(range(40, 150, 10)))
_QUALITY = Bins(tuple(range(10, 100, 10)))
_CAPTION = Bins(tuple(range(5, 85, 5)))
_TOKENS = Bins((1, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 32000))


def facets() -> tuple[Facet, ...]:
    """All that items can be counted and filtered by, in the order of the page."""
    return (
        Facet("status", "Verdict", ("accepted", "rejected", "failed", SKIPPED, UNDECIDED)),
        Facet("reason", "Reason"),
        Facet("split", "Split", ("train", "validation", "test")),
        Facet("folder", "Source folder"),
        Facet(
            "claims", "Claims", ("supported", "told", "unverifiable", "contradicted"), several=True
        ),
        Facet("tiers", "What claims stand on", TIERS, several=True),
        Facet("mark", "Mark", MARK_VERDICTS, several=True),
        Facet("writers", "Who wrote it", several=True),
        *(
            Facet(shape.name, shape.title, shape.labels, False, shape.unit, bool(shape.number))
            for measurement in MEASUREMENTS
            if (shape := measurement.histogram)
        ),
        Facet("quality", "Quality of the sound", _QUALITY.labels, unit="%", sorted=True),
        Facet("sound", "What is wrong with the sound", several=True),
        Facet("length", "Length of the piece", _LENGTH.labels, unit="s", sorted=True),
        Facet("mood", "Mood in the caption", several=True),
        Facet("says", "What captions say", several=True),
        Facet("told", "Told by tags", several=True),
        Facet("palette", "Colours of the picture", several=True),
        Facet("story_words", "Length of the story", _STORY.labels, unit="words"),
        Facet("caption_words", "Length of the caption", _CAPTION.labels, unit="words"),
        Facet("rounds", "Rounds of repair"),
        Facet("tokens", "Cost of the answers", _TOKENS.labels, unit="tokens"),
        Facet("origin", "Where the picture comes from"),
        Facet("group", "Group"),
    )


def values_of(story: ItemStory, tokens: int) -> Values:
    """An item's labels in every facet; `tokens` is what all its answers have cost."""
    item, outcome, prepared = story.item, story.outcome, story.prepared
    piece = story.piece
    values: Values = {
        "status": (status_of(outcome),),
        "split": (item.split,),
        "folder": (folder_of(piece.music.path),) if piece and piece.music.path else (),
        "length": (_LENGTH.label(piece.duration_s),) if piece and piece.duration_s else (),
        "origin": (story.origin,),
        "group": (item.group,),
        "mark": _marked(story.mark),
        "writers": tuple(sorted({w for w in astuple(writers_of(story)) if w})),
    }
    if prepared:
        values |= _measured(prepared.media)
    if outcome:
        values |= _written(outcome)
        values["tokens"] = (_TOKENS.label(tokens),)
    return values


def numbers_of(story: ItemStory) -> dict[str, float]:
    """An item's numbers, by the facets that items can be sorted by."""
    music = story.prepared.media.music_evidence if story.prepared else None
    numbers = {
        each.histogram.name: float(each.histogram.number(music[each]))
        for each in MEASUREMENTS
        if music and each.histogram and each.histogram.number
    }
    if story.prepared:
        numbers["quality"] = story.prepared.media.quality.score
    if story.piece and story.piece.duration_s:
        numbers["length"] = story.piece.duration_s
    return numbers


def _marked(mark: Mark | None) -> tuple[str, ...]:
    """What a mark asks for, and whether it brings words."""
    if mark is None:
        return ()
    return tuple(dict.fromkeys((mark.verdict, *(["words"] if mark.has_words else []))))


def left_out_values(left: LeftOut) -> Values:
    """The labels of a file that no item was made of."""
    folder = folder_of(left.path)
    return {"status": (left.status,), "reason": (left.reason,), "folder": (folder,)}


def folder_of(path: bytes) -> str:
    """The folder of a file, from the source on; "(top)" for the source itself."""
    return show_path(path.rpartition(b"/")[0]) or "(top)"


def _measured(media: MediaFacts) -> Values:
    music = media.music_evidence
    values: Values = {
        each.histogram.name: (each.histogram.label(music[each]),)
        for each in MEASUREMENTS
        if each.histogram
    }
    colours = (c.name for c in media.image_evidence.palette if c.share >= LEAST_SHARE)
    return values | {
        "palette": tuple(dict.fromkeys(colours)),
        "quality": (_QUALITY.label(100 * media.quality.score),),
        "sound": _wrong(media.quality),
    }


def _wrong(quality: Quality) -> tuple[str, ...]:
    """What is worst about a sound, and whether its channels are the same."""
    part = worst_part(quality) if quality.score < WORTH_A_WORD else None
    return (
        *([part.reason] if part else []),
        *(["mono in stereo"] if quality.mono_in_stereo else []),
    )


def _written(outcome: Outcome) -> Values:
    values: Values = {"reason": (worded(outcome.verdict.reason),)}
    if outcome.told:
        values["told"] = tuple(dict.fromkeys(f"{c.attribute}: {c.value}" for c in outcome.told))
    if outcome.turns:
        values["rounds"] = (str(outcome.turns[-1].round),)
    if outcome.story:
        values["story_words"] = (_STORY.label(word_count(outcome.story.text)),)
    return values | (_claimed(outcome.caption) if outcome.caption else {})


def _claimed(caption: Caption) -> Values:
    claims = caption.claims
    moods = (claim.value for claim in claims if _counted(claim) == "mood")
    others = (claim for claim in claims if _counted(claim) == "says")
    return {
        "caption_words": (_CAPTION.label(word_count(caption.text)),),
        "claims": tuple(sorted({claim.verdict for claim in claims})),
        "tiers": tuple(sorted({claim.tier for claim in claims if claim.tier})),
        "mood": tuple(dict.fromkeys(moods)),
        "says": tuple(dict.fromkeys(f"{c.attribute}: {c.value}" for c in others)),
    }


def _counted(claim: Claim) -> str:
    """The facet that counts a claim, "" for none."""
    measurement = MEASUREMENTS.named(claim.attribute)
    if measurement:
        return measurement.counted
    if claim.attribute in OF_A_PIECE:
        return ""  # each has a time of its own
    return "mood" if claim.attribute == "mood" else "says"
