"""What files beside the music say of its rights: a licence, or that no machine may learn from it.

    LICENSE, COPYING, license.txt   the licence of all in their folder that names none of its own
    .noml                           nothing in its folder is for machine learning
    ai.txt, robots.txt              what they disallow to all, or to crawlers that train models
    tdmrep.json                     what it reserves (TDM Reservation Protocol of the W3C), in its
                                    folder, or in that above `.well-known`

Rules are patterns of paths from the file's own folder on, as in RFC 9309: `*` is anything, `$` the
end, and the longest that fits counts.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmusset.encodings import text_of
from mmusset.frozen import Frozen
from mmusset.licensing import UNKNOWN, identifier_of

from .licences import license_of

MOST_BYTES = 1 << 16
# How many lines of a licence are read for its name: what follows may name others.
HEADS = (1, 2, 3, 12)
# "All rights reserved" above a text that allows something is an old formula.
_ALLOWS = re.compile(r"permi(t|ssion)|redistribut", re.IGNORECASE)
WELL_KNOWN = b".well-known"
# Crawlers that fetch for training, by how their names begin.
_TRAINING = re.compile(
    r"\*|gptbot|ccbot|google-extended|applebot-extended|claudebot|anthropic-ai|bytespider"
    r"|meta-externalagent|facebookbot|diffbot|omgili|cohere|amazonbot|ai2bot|img2dataset"
    r"|petalbot|timpibot|webzio",
    re.IGNORECASE,
)
# "Content-Signal: ai-train=no", "Content-Usage: train-ai=n"
_SIGNAL = re.compile(r"\b(ai-train|train-ai|tdm)\s*=\s*no?\b", re.IGNORECASE)
Rule = tuple[str, bool]  # a pattern, and whether what fits is reserved


class RightsFile(Frozen):
    """What one file says: a licence, "" for none, and its rules."""

    licence: str = ""
    rules: tuple[Rule, ...] = ()


Rights = Mapping[bytes, RightsFile]  # by their paths


def read(what: str, data: bytes) -> RightsFile:
    """What a file says that `rights_kind` calls so; nothing where it is no text."""
    if what == "noml":
        return RightsFile(rules=(("/", True),))
    text = text_of(data[:MOST_BYTES])
    if text is None:
        return RightsFile()
    if what == "tdm":
        return RightsFile(rules=tuple(_reservations(text)))
    if what == "robots":
        return RightsFile(rules=tuple(_disallowed(text)))
    return RightsFile(licence=_licence(text))


def _licence(text: str) -> str:
    """What a licence's first lines name: the fewest that name one with its version, else any."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" \t=-*#")]
    if lines and lines[0].lower().startswith("attribution"):  # as Creative Commons' own begin
        lines[0] = f"Creative Commons {lines[0]}"
    named = [license_of([" ".join(lines[:count])]) for count in HEADS]
    known = [name for name in named if identifier_of(name) != UNKNOWN]
    if "all-rights-reserved" in known and _ALLOWS.search(text):
        known = []
    versioned = [name for name in known if name[-1].isdigit()]
    if known:
        return (versioned or known)[0]
    return named[0]


def reserved_by(path: bytes, rights: Rights) -> bytes:
    """The path of the file that reserves what lies at `path`; b"" where none does."""
    name = path.decode("utf-8", "surrogateescape")
    for own in speaking_for(path, rights):
        base = len(folder_of(own).decode("utf-8", "surrogateescape"))
        if _is_reserved("/" + name[base:].lstrip("/"), rights[own].rules):
            return own
    return b""


def licence_beside(path: bytes, rights: Rights) -> str:
    """The licence that the nearest of these files gives to what lies at `path`, "" for none."""
    named = (rights[own].licence for own in speaking_for(path, rights))
    return next(filter(None, named), "")


def speaking_for(path: bytes, files: Iterable[bytes]) -> list[bytes]:
    """Of files of rights, those that speak for what lies at a path, the nearest first."""
    bases = {own: folder_of(own) for own in files}
    fitting = (own for own, base in bases.items() if not base or path.startswith(base + b"/"))
    return sorted(fitting, key=lambda own: (-len(bases[own]), own))


def folder_of(path: bytes) -> bytes:
    """The folder that a file of rights speaks for."""
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) == WELL_KNOWN else folder


def _is_reserved(path: str, rules: Sequence[Rule]) -> bool:
    """The longest pattern that fits decides; where two are as long, the one that allows."""
    fitting = [(len(pattern), not reserved) for pattern, reserved in rules if _fits(path, pattern)]
    return bool(fitting) and not max(fitting)[1]


def _fits(path: str, pattern: str) -> bool:
    """A pattern fits a path that begins with it; `*.mp3`, as ai.txt has it, any such name."""
    anchored = pattern.endswith("$") or pattern.startswith("*")
    regex = ".*".join(re.escape(part) for part in pattern.removesuffix("$").split("*"))
    return re.match(regex + (r"\Z" if anchored else ""), path) is not None


def _disallowed(text: str) -> Iterator[Rule]:
    """The rules of robots.txt, or ai.txt, that are for all, or for crawlers that train models."""
    concerned, in_agents = False, False
    for line in text.splitlines():
        field, colon, value = line.partition("#")[0].partition(":")
        name, value = field.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            concerned = _TRAINING.match(value) is not None or (in_agents and concerned)
            in_agents = True
            continue
        in_agents = False
        if name in ("content-signal", "content-usage") and _SIGNAL.search(value):
            yield "/", True
        elif name == "disallowaitraining" and value:
            yield value, True
        elif name in ("disallow", "allow") and value and concerned:
            yield value, name == "disallow"


def _reservations(text: str) -> Iterator[Rule]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return
    for each in said if isinstance(said, list) else [said]:
        if isinstance(each, dict):
            where, reserved = each.get("location", "/"), each.get("tdm-reservation")
            if isinstance(where, str) and reserved in (0, 1, "0", "1"):
                yield where, int(reserved) == 1
