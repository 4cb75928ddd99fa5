"""Folders that lie side by side, one for each kind of file: `audio/x.mp3`, `images/x.jpg`,
`captions/x.txt`. The deepest folder with such a name counts, and what is below it has to agree."""

from .source import Kind

_NAMES: dict[Kind, frozenset[bytes]] = {
    "music": frozenset(
        b"audio audios music sound sounds songs tracks clips wav wavs mp3 mp3s flac".split()
    ),
    "image": frozenset(
        b"image images img imgs picture pictures photo photos cover covers art artwork thumbnails"
        b" frames jpg png".split()
    ),
    "text": frozenset(b"text texts txt story stories".split()),
    "caption": frozenset(b"caption captions prompt prompts".split()),
    "lyrics": frozenset(b"lyrics lyric lrc".split()),
    "score": frozenset(b"score scores midi midis mid musicxml".split()),
}


def place_of(folder: bytes, kind: Kind) -> tuple[Kind, bytes | None]:
    """Where a folder lies beside others, the same for all of them, and None where it is not called
    by what is in it.

    And what a file of that kind is there: a text among captions is a caption.
    """
    parts = folder.split(b"/")
    kinds: tuple[Kind, ...] = ("text", "caption") if kind == "text" else (kind,)
    for number in range(len(parts) - 1, -1, -1):
        for each in kinds:
            if parts[number].lower() in _NAMES.get(each, ()):
                return each, b"/".join((*parts[:number], b"*", *parts[number + 1 :]))
    return kind, None


def is_of_sounds(name: bytes) -> bool:
    """Whether a folder is called by what is in it, "audio" say, and so no album by its name."""
    return name.lower() in _NAMES["music"]


def is_of_one_kind(name: bytes) -> bool:
    """Whether a folder is called by the kind of its files, whichever that is."""
    return any(name.lower() in names for names in _NAMES.values())
