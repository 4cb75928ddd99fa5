"""Licences by their identifiers: which are known, which one allows, and what they forbid.

Identifiers are SPDX's in small letters, as the Hub writes them: `cc-by-sa-3.0`. Without a version
(`cc-by`, `gpl`) it is not known which. `unknown` stands for a work that names none we know.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

UNKNOWN = "unknown"
# "unknown: " and the words that a file has in a licence's place.
UNKNOWN_WORDS = f"{UNKNOWN}: "

_CC = ("", "-nc", "-sa", "-nd", "-nc-sa", "-nc-nd")
_CC_VERSIONS = ("", "-1.0", "-2.0", "-2.1", "-2.5", "-3.0", "-4.0")
_GNU = {
    "gpl": ("", "-1.0", "-2.0", "-3.0"),
    "lgpl": ("", "-2.0", "-2.1", "-3.0"),
    "agpl": ("", "-1.0", "-3.0"),
}
_LATER = ("", "-or-later")
KNOWN = (
    *("cc0-1.0", "public-domain", "all-rights-reserved", UNKNOWN),
    *(f"cc-by{parts}{version}" for parts in _CC for version in _CC_VERSIONS),
    *(f"{n}{v}{later}" for n, vs in _GNU.items() for v in vs for later in _LATER if v or not later),
    *("gfdl", "gfdl-1.1", "gfdl-1.2", "gfdl-1.3", "lal", "lal-1.2", "lal-1.3"),
    *("oga-by", "oga-by-3.0", "oga-by-4.0", "mit", "apache-2.0", "cc"),
)
_PORT = re.compile(r"(cc-by[a-z-]*-[123]\.\d)-[a-z]{2}")  # of a country
# Whoever shares what is made from a work under one of these does so under the same.
_SHARE_ALIKE = re.compile(r"cc-by(-nc)?-sa|[al]?gpl|gfdl|lal")

_NO_TRADE = re.compile(r"non.?commercial|\bnc\b", re.IGNORECASE)


def checked(identifier: str) -> str:
    """The identifier of a known licence. Raises ValueError, with the nearest, for any other."""
    port = _PORT.fullmatch(identifier)
    if identifier in KNOWN or (port and port[1] in KNOWN):
        return identifier
    letters = {re.sub(r"[^a-z0-9]", "", known): known for known in KNOWN}
    spelled = re.sub(r"[^a-z0-9]", "", identifier.lower())
    begun = [known for known in letters if spelled and known.startswith(spelled)]
    near = [letters[each] for each in begun or get_close_matches(spelled, letters, n=1, cutoff=0.5)]
    mend = f"Did you mean {near[0]!r}?" if near else "There are such as 'cc-by-4.0' and 'unknown'."
    raise ValueError(f"no licence is called {identifier!r}. {mend}")


def identifier_of(licence: str) -> str:
    """The identifier for what a file says of its licence: `unknown` for words of its own, and for
    nothing."""
    return UNKNOWN if not licence or licence.startswith(UNKNOWN_WORDS) else licence


def is_allowed(licence: str, allowed: Sequence[str]) -> bool:
    """Whether a licence is one of those allowed, or a version of one: `cc-by` allows all of its
    versions, `cc-by-3.0` those of countries, and neither allows `cc-by-nc`."""
    known = identifier_of(licence).removesuffix("-or-later")
    return any(known == each or is_vaguer(each, known) for each in allowed)


def is_vaguer(one: str, other: str) -> bool:
    """Whether one is the other without its version, or without its country."""
    more = other.removeprefix(f"{one}-")
    is_port = one[-1].isdigit() and len(more) == 2
    return more != other and (more[0].isdigit() or is_port)


def objections(dataset: str, name: str, sources: Mapping[str, int]) -> list[str]:
    """Why clips under these licences, with how many each has, can't be published under that of a
    dataset; `name` is the owner's for one that is `other`. A clip is a part of a work, which a
    licence that allows no derivatives does not let anybody share.
    """
    objecting = []
    for licence, count in sorted(sources.items()):
        why = _objection(licence, dataset, name)
        if count and why:
            clips = "1 clip is" if count == 1 else f"{count} clips are"
            objecting.append(f"{clips} {licence}, {why}")
    return objecting


def _objection(licence: str, dataset: str, name: str) -> str:
    if licence == "all-rights-reserved":
        return "which nobody but its owner may publish"
    if _has(licence, "nd"):
        return "which lets nobody share parts or changed copies"
    is_other = dataset == "other"
    stays_free_of_trade = _has(dataset, "nc") or (is_other and _NO_TRADE.search(name))
    if _has(licence, "nc") and not stays_free_of_trade:
        return f"which forbids commercial use, and {name or dataset} does not"
    family = _SHARE_ALIKE.match(licence)
    if family and not is_other and not dataset.startswith(family[0]):
        return f"which asks for the same licence, and {dataset} is another"
    return ""


def _has(licence: str, part: str) -> bool:
    return licence.startswith("cc-by") and part in licence.split("-")
