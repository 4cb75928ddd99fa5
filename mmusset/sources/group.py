"""Groups: what must stay in one split, or the test set would be known from training.

Pieces share a group when they share an artist (else what the source puts them in, such as an
album's folder), when they share a picture, and when they sound the same: one cover in two splits
is a leak too. Guests don't count, and neither does a name that stands for nobody (`artists.py`).
"""

import hashlib
import unicodedata
from array import array
from collections.abc import Iterable, Sequence

import numpy as np

from mmusset.same_values import runs

from .artists import chief

JOINING = "by:"  # begins labels that name no group
NAMING = 12  # digits of a label


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


def join(label_sets: Iterable[Iterable[str]]) -> Sequence[int]:
    """For each piece the position of the first that it shares labels with, itself or by way of
    others (union-find).

    In memory is a number for each label and not the label. Two pieces that share nothing may be
    joined by chance, which is no leak: among a million pieces with odds of one in a million.
    """
    labels, owners = array("Q"), array("i")
    parent = array("i")
    for i, label_set in enumerate(label_sets):
        parent.append(i)
        for label in label_set:
            labels.append(_number(label))
            owners.append(i)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for places in runs(np.frombuffer(labels, np.uint64)):
        first, *others = (owners[place] for place in places.tolist())
        for other in others:
            a, b = root(first), root(other)
            # The earlier piece stays the root, so that it stands for all.
            parent[max(a, b)] = min(a, b)
    return array("i", map(root, range(len(parent))))


def least_label(labels: Iterable[str]) -> int:
    """How the least of a piece's labels begins: of all pieces of a group, the least of these names
    it."""
    return int(min(label for label in labels if not label.startswith(JOINING))[:NAMING], 16)


def group_name(least: int) -> str:
    """A short stable name for a new group, which tells nothing of what is in it."""
    return f"g{least:0{NAMING}x}"


def _number(label: str) -> int:
    return int.from_bytes(hashlib.blake2b(label.encode(), digest_size=8).digest())


def _hash(label: bytes) -> str:
    return hashlib.sha256(label).hexdigest()


def _spelled(artist: str) -> bytes:
    return " ".join(unicodedata.normalize("NFKC", artist).casefold().split()).encode()
