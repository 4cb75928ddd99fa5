"""What a file is about, by the words of its path and of its tags."""

import re
import unicodedata

# What says nothing of a theme: of files, of cameras, of albums, and of English.
_EMPTY = frozenset(
    {
        *("the", "and", "for", "with", "from", "your", "this", "that"),
        *("img", "image", "images", "dsc", "dscn", "pxl", "photo", "photos", "pic", "pics"),
        *("picture", "pictures", "screenshot", "scan", "cover", "front", "jpg", "png"),
        *("track", "tracks", "song", "songs", "music", "audio", "wav", "mp3", "flac"),
        *("untitled", "unknown", "album", "artist", "various", "unsorted", "loose", "new"),
        *("final", "mix", "master", "remaster", "remastered", "original", "version", "edit"),
        *("feat", "vol", "part", "copy", "live", "demo"),
    }
)
_WORD = re.compile(r"[^\W\d_]{3,}")


def words_of(*texts: str) -> frozenset[str]:
    """The words of these texts that may name a theme: three letters and more, without accents."""
    plain = unicodedata.normalize("NFKD", " ".join(texts)).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return frozenset(_WORD.findall(plain)) - _EMPTY
