"""Reasons of verdicts and origins of pictures, worded for people; ledgers keep the short names."""

import math
from collections.abc import Iterable, Mapping, Sequence

from mmusset.sample_parts.media import Match
from mmusset.sample_parts.texts import PictureFit
from mmusset.sample_parts.turns import NOT_ITS_PICTURE
from mmusset.score import Score

_WORDED = {
    "at once": "accepted without changes",
    "mended": "accepted after changes",
    "with another picture": "accepted with another picture than matched best",
    "match": "its matched picture and its music don't go together, by the critic",
    "a person's words": "accepted in a person's words",
    "kept by hand": "accepted by a person's mark",
    "found in its shard": "accepted before the ledger was recovered",
    "dropped by hand": "dropped by a person's mark",
    "not mended as asked": "not changed as a person asked",
    "contradicted": "says what measurements contradict",
    "unverifiable": "says too much that nothing measured can settle",
    NOT_ITS_PICTURE: "its story is hardly of its picture, to the model that sees",
    "length": "a text is too short or too long",
}


def worded(reason: str, detail: str = "") -> str:
    """A reason, and this item's case of it, for people who have not read the code."""
    said = _WORDED.get(reason, reason)
    return f"{said}: {detail}" if detail else said


# What would mend it, of reasons that do not say so themselves.
_MENDS = {
    "picture is too small": "`--set image.min_side_px=32` takes smaller ones",
    "silent": "`--set clip.choose=loudest` looks for the loudest places",
    "picture can't be decoded": "`mmusset status` says what each file is",
    "music can't be decoded": "`mmusset status` says what each file is",
}


SHORT = "shorter than a clip"
SHORTEST_CLIP_S = 2.0
MOST_LOST = 0.05  # of the short pieces that a clip which fits the others may still lose


def commonest(reasons: Mapping[str, int], short_s: Sequence[float] = ()) -> str:
    """The reason that most have, how many they are, and what would mend it; "" without any.

    `short_s` are the lengths of the pieces that are shorter than a clip.
    """
    if not reasons:
        return ""
    reason, count = max(reasons.items(), key=lambda each: each[1])
    mend = fitting(short_s) if reason == SHORT else _MENDS.get(reason, "")
    return f"{worded(reason)} ({count} of {sum(reasons.values())})" + (f"; {mend}" if mend else "")


def short_detail(piece_s: float, clip_s: float) -> str:
    """How much shorter a piece is than a clip; `lengths` reads it."""
    return f"{piece_s:.2f} s of {clip_s:g} s"


def lengths(details: Iterable[str]) -> list[float]:
    """The lengths of pieces that `short_detail` told of, in seconds."""
    return [float(detail.partition(" ")[0]) for detail in details]


def fitting(short_s: Sequence[float]) -> str:
    """The longest clip that takes nearly all pieces which are too short for the recipe's; ""
    without any."""
    if not short_s:
        return ""
    ordered = sorted(short_s)
    fits_s = math.floor(10 * ordered[int(MOST_LOST * len(ordered))]) / 10
    if fits_s < SHORTEST_CLIP_S:
        return f"no clip may be shorter than {SHORTEST_CLIP_S:g} s"
    taken = sum(piece_s >= fits_s for piece_s in ordered)
    return f"`--set clip.seconds={fits_s:g}` takes {taken} of these {len(ordered)}"


# Where a picture comes from.
ORIGINS = {
    "embedded": "embedded in the music file",
    "stem": "of the same name",
    "folder": "the folder's cover",
    "video": "a frame of the video",
    "named": "named by the source's table or shard",
    "alone": "of no music",
    "sequence": "of a sequence, each with a clip of its own",
    "matched": "matched by mood and theme, not by the source",
    "embedded, second choice": "embedded in the music file, since nearer ones can't be used",
    "stem, second choice": "of the same name, since the embedded one can't be used",
    "folder, second choice": "the folder's cover, since nearer ones can't be used",
}


def matched_how_well(match: Match) -> str:
    """How well a matched picture goes with its music, for people; "" for others."""
    if match.by != "matched":
        return ""
    own = f"better than {match.score:.1%} of random pairs"
    if match.score >= match.best:
        return f"{own}, and no other picture goes with it better"
    return f"{own}; the best picture for it, than {match.best:.1%}"


# Where lyrics come from.
LYRICS_FROM = {
    "none": "none",
    "lrc": "of the .lrc file beside the music",
    "file": "of the file of lyrics beside the music",
    "tag": "of the music's tags",
    "text": "of the text beside the music",
}


def picture_fit_said(fit: PictureFit) -> str:
    """How well a story goes with its picture, for people; "" where nothing compared them."""
    if not fit.by:
        return ""
    how = f"with a probability of {fit.probability:.2f} (cosine {fit.cosine:g})"
    return f"of this picture {how}, to {fit.by}"


def score_said(score: Score) -> str:
    """What a piece's score says of a clip, or why it says nothing; "" where none is asked for."""
    if not score.origin:
        return ""
    if score.origin == "none":
        return "there is none of its name"
    where = f"played by {score.rendered_by}" if score.origin == "rendered" else "beside the music"
    if not score.used:
        return f"{where}, and not used: {score.why}"
    if score.origin == "beside":
        where += f", and of this sound ({score.agreement:.2f})"
    plays = score.instruments or "no instrument that it names"
    faintly = f"; {score.faint} play little" if score.faint else ""
    return f"{where}: {plays}{faintly}"
