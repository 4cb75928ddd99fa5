"""Reasons of verdicts and origins of pictures, worded for people; ledgers keep the short names."""

from collections.abc import Mapping

from mmusset.sample import Match

_WORDED = {
    "at once": "accepted without changes",
    "mended": "accepted after changes",
    "a person's words": "accepted in a person's words",
    "kept by hand": "accepted by a person's mark",
    "found in its shard": "accepted before the ledger was recovered",
    "dropped by hand": "dropped by a person's mark",
    "not mended as asked": "not changed as a person asked",
    "contradicted": "says what measurements contradict",
    "unverifiable": "says too much that nothing measured can settle",
    "length": "a text is too short or too long",
}


def worded(reason: str) -> str:
    """A reason for people who have not read the code."""
    return _WORDED.get(reason, reason)


# What would mend it, of reasons that do not say so themselves.
_MENDS = {
    "shorter than a clip": "`--set clip.seconds=5` makes shorter clips",
    "picture is too small": "`--set image.min_side_px=32` takes smaller ones",
    "silent": "`--set clip.choose=loudest` looks for the loudest places",
    "picture can't be decoded": "`mmusset status` says what each file is",
    "music can't be decoded": "`mmusset status` says what each file is",
}


def commonest(reasons: Mapping[str, int]) -> str:
    """The reason that most have, how many they are, and what would mend it; "" without any."""
    if not reasons:
        return ""
    reason, count = max(reasons.items(), key=lambda each: each[1])
    mend = f"; {_MENDS[reason]}" if reason in _MENDS else ""
    return f"{worded(reason)} ({count} of {sum(reasons.values())}){mend}"


# Where a picture comes from.
ORIGINS = {
    "embedded": "embedded in the music file",
    "stem": "of the same name",
    "folder": "the folder's cover",
    "video": "a frame of the video",
    "alone": "of no music",
    "matched": "matched by mood and theme: nothing pairs them",
    "embedded, second choice": "embedded in the music file, since nearer ones can't be used",
    "stem, second choice": "of the same name, since the embedded one can't be used",
    "folder, second choice": "the folder's cover, since nearer ones can't be used",
}


def matched_how_well(match: Match) -> str:
    """How well a matched picture goes with its music, for people; "" for others."""
    if match.by != "matched":
        return ""
    return f"better than {match.score:.1%} of random pairs"


# Where lyrics come from.
LYRICS_FROM = {
    "none": "none",
    "lrc": "of the .lrc file beside the music",
    "file": "of the file of lyrics beside the music",
    "tag": "of the music's tags",
    "text": "of the text beside the music",
}
