"""Groups: what must stay in one split, or the test set would be known from training.

Pieces share a group when they share an artist (else what the source puts them in, such as an
album's folder), when they share a picture, and when they sound the same: one cover in two splits
is a leak too. Guests don't count, and neither does a name that stands for nobody (`artists.py`).
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

from .artists import chief

JOINING = "by:"  # begins labels that name no group


def labels(
    artists: Iterable[str], groups: Iterable[bytes], image_sha256: str, sound_sha256: str = ""
) -> tuple[str, ...]:
    """What a piece may have in common with others, as hashes: no name is kept.

    Of `artists`, its own and its album's, the first that is anybody, or else the `groups` of its
    source, such as the album's folder. The picture's content, and the sound's, where it is known.
    Then whom each artist's name puts first, which joins groups but names none: that stays so when
    more is known of spellings.
    """
    named = {artist: name for artist in artists if (name := chief(artist))}
    own = [b"artist:" + _spelled(next(iter(named)))] if named else groups
    content = [b"image:" + image_sha256.encode()]
    if sound_sha256:
        content.append(b"sound:" + sound_sha256.encode())
    chiefs = dict.fromkeys(named.values())
    return (
        *(_hash(label) for label in (*own, *content)),
        *(f"{JOINING}{_hash(name.encode())}" for name in chiefs),
    )


def recording_label(music_sha256: str) -> str:
    """What pieces of the recording in a file share: it joins groups and names none."""
    return f"{JOINING}{_hash(b'recording:' + music_sha256.encode())}"


def file_label(path: bytes) -> str:
    """What stretches of one file share, whoever their artists are: it names no group."""
    return f"{JOINING}{_hash(b'file:' + path)}"


def join(label_sets: Sequence[Iterable[str]]) -> list[list[int]]:
    """The components of pieces that share labels, as lists of positions, in order (union-find)."""
    parent = list(range(len(label_sets)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, label_set in enumerate(label_sets):
        for label in label_set:
            a, b = root(first.setdefault(label, i)), root(i)
            # The earlier piece stays the root, so that components come out in order.
            parent[max(a, b)] = min(a, b)
    members: dict[int, list[int]] = {}
    for i in range(len(label_sets)):
        members.setdefault(root(i), []).append(i)
    return list(members.values())


def group_name(label_sets: Iterable[Iterable[str]]) -> str:
    """A short stable name for a new group, which tells nothing of what is in it."""
    all_labels = (label for label_set in label_sets for label in label_set)
    return "g" + min(label for label in all_labels if not label.startswith(JOINING))[:12]


def _hash(label: bytes) -> str:
    return hashlib.sha256(label).hexdigest()


def _spelled(artist: str) -> bytes:
    return " ".join(unicodedata.normalize("NFKC", artist).casefold().split()).encode()
