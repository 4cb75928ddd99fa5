"""Names by which players and people call an album's cover, and the folders of its discs."""

import re

BACK = 10  # from this rank on, a picture is of an album, and not its front
# The names in small letters, without their suffix; the first that matches gives the rank.
_RANKS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (0, re.compile(r"cover")),
    (1, re.compile(r"folder")),
    (2, re.compile(r"front")),
    (3, re.compile(r"(album|cd|front)?[ _.-]*(front|cover)[ _.-]*(front|cover|art|image)?\d*")),
    # Windows Media Player: AlbumArt_{GUID}_Large.jpg, and a small one.
    (4, re.compile(r"albumart(_.*large)?|album[ _-]?art(work)?|artwork|album|thumb|poster")),
    (5, re.compile(r"albumart.*")),
    (11, re.compile(r".*\b(back|rear|tray|inlay|obi)\b.*|(.*[ _-])?back([ _-]?cover)?\d*")),
    (12, re.compile(r"(.*\b)?(inside|booklet|matrix|cd|disc|disk|label|media)\b.*")),
    (6, re.compile(r".*\b(front|cover)[)\]]?\d*")),
)
COVER_FOLDERS = frozenset(
    {"artwork", "art", "scans", "scan", "covers", "cover", "booklet", "images", "album art"}
)
_NUMBER = r"(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|[ivx]{1,4}|[a-h])"
_DISC = re.compile(
    # "Disc 1", "CD02", "disc_03", "CD-2", "[CD4]", "(Disc One)", "Disc 5 of 5", "LP 1 - Side A"
    rf"[\[(]?(?:cd|disc|disk|disque|dvd|lp|vinyl|side|tape|cassette)[ _.-]?{_NUMBER}[\])]?"
    r"(?:\s*(?:of|von|de|/)\s*\w{1,5}[\])]?)?"
    r"(?:(?:\s*[-_:~]|\s+\(|\s+\[|\.\s|,\s).*)?",
    re.IGNORECASE,
)

_DISC_BEHIND = re.compile(
    # "Weather (Disc 1)", "Weather [CD2]", "Weather - Disc Two", "Weather CD 1 of 2"
    rf"(?P<album>.*?\S)[\s_,-]+[\[(]?(?:cd|disc|disk|disque|dvd|lp|vinyl)[ _.-]?{_NUMBER}"
    r"(?:\s*(?:of|von|de|/)\s*\w{1,5})?[\])]?\s*",
    re.IGNORECASE,
)


def rank(stem: str) -> int | None:
    """How likely a picture of that name, in small letters, is the cover: 0 is the likeliest, BACK
    and more is another picture of the album; None for a name that says nothing."""
    return next((rank for rank, pattern in _RANKS if pattern.fullmatch(stem)), None)


def is_disc(name: str) -> bool:
    """Whether a folder of that name holds one disc of an album."""
    return _DISC.fullmatch(name) is not None


def without_disc(name: str) -> str:
    """The name of a folder without the disc that it ends with: "Weather (Disc 1)" is "Weather"."""
    behind = _DISC_BEHIND.fullmatch(name)
    return behind["album"] if behind else name
