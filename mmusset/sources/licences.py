"""The licence that a tag names, in whatever spelling, as an identifier; never a guessed one.

Identifiers are SPDX's in small letters, as the Hub writes them: `cc-by-sa-3.0`,
`gpl-2.0-or-later`. Where a tag gives no version there is none: `cc-by`, `gpl`. `public-domain` and
`all-rights-reserved` are no licences of SPDX, but say what may be done.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from mmusset.licensing import UNKNOWN_WORDS, is_vaguer

MOST_SHOWN = 60  # characters of words that are no licence we know
MOST_READ = 2000

_CC_URL = re.compile(
    r"creativecommons\.org/licenses/(?P<parts>by(?:-nc)?(?:-sa|-nd)?)(?:/(?P<version>\d\.\d))?"
    r"(?:/(?P<port>[a-z]{2})(?![a-z.]))?\S*"
)
_ADDRESSES = (
    (re.compile(r"creativecommons\.org/publicdomain/zero\S*"), "cc0-1.0"),
    (
        re.compile(r"creativecommons\.org/(?:publicdomain/mark|licenses/publicdomain)\S*"),
        "public-domain",
    ),
    (re.compile(r"artlibre\.org/licen[cs]e\S*"), "lal"),
    (re.compile(r"opengameart\.org/oga-by-3\.0\S*"), "oga-by-3.0"),
    (re.compile(r"gnu\.org/(?:copyleft|licenses)/gpl(?:\.\w+)?(?![\w-])"), "gpl"),
)
# All that follow are looked for in words of letters, digits, dots and plus signs alone.
_VERSION = r"(?: (?:version |ver |v\.? ?)?v?(?P<version>\d(?:\.\d+)?)\b(?!\.\d))?"
_CC_PARTS = (
    r"(?P<parts>(?: (?:and )?(?:nc|non ?commercial|sa|share ?alike|nd"
    r"|no ?deriv(?:ative)?s?(?: works?)?)\b)*)"
)
# Countries that ported the licences, but those whose codes are words of English.
_PORTS = (
    "ar|au|br|ca|ch|cl|cn|cz|de|dk|ec|ee|eg|es|fi|fr|gr|hk|hr|hu|il|jp|kr|lu|mx|nl|nz|pe|ph|pl|pt|ro"
    "|rs|se|sg|th|tw|uk|us|ve|vn|za"
)
_CC = re.compile(
    rf"\b(?:creative commons|cc)(?: licen[sc]e)? ?(?:by|attribution)\b{_CC_PARTS}"
    rf"(?: (?:public )?licen[sc]e)?{_VERSION}(?: (?P<port>{_PORTS})\b)?"
)
# Without "Creative Commons" before it; more than "attribution" is nobody else's.
_CC_BARE = re.compile(rf"\b(?:attribution|by)\b(?= (?:nc|non|sa|share|nd|no)){_CC_PARTS}{_VERSION}")
_GPL = re.compile(
    r"\b(?:gnu )?(?:(?P<kind>lesser |library |affero )?general public licen[sc]e"
    r"|(?P<short>l|a)?gpl(?:\b|(?=v?\d)))"
    r"(?: as published by the free software foundation)?(?: either)?"
    r"(?: ?(?:version |ver |v ?)?(?P<version>\d(?:\.\d+)?)\b(?!\.\d))?"
    r"(?P<later> ?\+|(?: of the licen[sc]e)? or (?:at your option )?(?:any )?(?:later|newer|higher)"
    r"| only)?"
)
_GFDL = re.compile(rf"\b(?:gnu )?(?:free documentation licen[sc]e|gfdl){_VERSION}")
_LAL = re.compile(rf"\b(?:free art licen[sc]e|licen[sc]e art libre){_VERSION}")
_OGA = re.compile(rf"\boga ?by\b{_VERSION}")
_PLAIN = (
    (
        re.compile(
            r"\b(?:cc ?0|cc zero|creative commons (?:zero|0))\b(?: (?:v ?)?1\.0)?"
            r"(?: universal)?"
        ),
        "cc0-1.0",
    ),
    (re.compile(r"\bpublic domain\b"), "public-domain"),
    (re.compile(r"\ball rights reserved\b"), "all-rights-reserved"),
    (re.compile(r"\b(?:mit|expat) licen[sc]e\b"), "mit"),
    (re.compile(r"\bapache(?: licen[sc]e)?(?: version)? 2(?:\.0)?\b"), "apache-2.0"),
    (re.compile(r"\bcreative commons\b"), "cc"),
)
# What makes of a name something else than "this licence, and no other".
_HEDGES = re.compile(
    r"\b(?:not|no longer|without|except|formerly|unless|dual|was|were|ask|pending|proprietary)\b"
)
_SAYS = re.compile(
    r"\b(?:licen[sc]e\w*|copyleft|cc|[la]?gpl(?:v?\d\S*)?|gfdl|oga|royalty free"
    r"|free (?:to|for) use)\b"
)
# With one licence among them, and nothing else, these words name it.
_FILLERS = frozenset(
    {
        *("a", "an", "and", "by", "file", "in", "is", "it", "of", "song", "terms", "the", "this"),
        *("to", "track", "under", "version", "work", "http", "https", "www", "license", "licence"),
        *("licensed", "licenced", "released", "unported", "international", "universal"),
    }
)
_CC_VERSIONS = frozenset({"1.0", "2.0", "2.1", "2.5", "3.0", "4.0"})
_GNU_VERSIONS = {
    "gpl": frozenset({"1.0", "2.0", "3.0"}),
    "lgpl": frozenset({"2.0", "2.1", "3.0"}),
    "agpl": frozenset({"1.0", "3.0"}),
}
Found = tuple[str, str]  # an identifier, and the text without the words that name it


def license_of(
    named: Iterable[str], mentioned: Iterable[str] = (), aside: Iterable[str] = ()
) -> str:
    """The licence of a work by its tags: an identifier, "unknown: " and words, or "".

    `named` are the tags that are there to name it, `mentioned` those of its rights and owner, and
    `aside` comments, which count where they name a licence and say nothing else. Two different
    licences are unknown, and so is one with a "not" beside it.
    """
    telling = [text[:MOST_READ] for text in named if text.strip()]
    telling += [text[:MOST_READ] for text in mentioned if _says_something(text[:MOST_READ])]
    telling += [text for text in aside if len(text) <= MOST_READ and _is_all_licence(text)]
    if not telling:
        return ""
    found = _without_vaguer({each for text in telling for each in identifiers(text)})
    if len(found) == 1 and not any(_HEDGES.search(_plain(text)) for text in telling):
        return found.pop()
    return UNKNOWN_WORDS + _shortened("; ".join(telling))


def identifiers(text: str) -> list[str]:
    """Every licence that a text names, in whatever spelling."""
    return [found for found, _ in _read(text)]


def _says_something(text: str) -> bool:
    return bool(identifiers(text)) or _SAYS.search(_plain(text)) is not None


def _is_all_licence(text: str) -> bool:
    found = list(_read(text))
    return bool(found) and not set(found[-1][1].split()) - _FILLERS


def _read(text: str) -> Iterator[Found]:
    """Each licence and what is left of the text without all that came before and it."""
    left = text.casefold()
    for pattern, name in ((_CC_URL, _cc), *((p, _always(n)) for p, n in _ADDRESSES)):
        while match := pattern.search(left):
            left = f"{left[: match.start()]} {left[match.end() :]}"
            if identifier := name(match):
                yield identifier, _plain(left)
    left = _plain(left)
    for pattern, name in _NAMES:
        while match := pattern.search(left):
            left = f"{left[: match.start()]} | {left[match.end() :]}"
            if identifier := name(match):
                yield identifier, left.replace("|", " ")


def _plain(text: str) -> str:
    """A text in words of letters, digits, plus signs, and dots between digits."""
    letters = re.sub(r"[^a-z0-9.+]+", " ", text.casefold())
    return " ".join(re.sub(r"(?<!\d)\.|\.(?!\d)", " ", letters).split())


Name = Callable[["re.Match[str]"], str]


def _always(identifier: str) -> Name:
    return lambda match: identifier


def _cc(match: "re.Match[str]") -> str:
    words = match["parts"]
    parts = ["cc-by"]
    parts += [
        code
        for code, sign in (("nc", "nc|non"), ("nd", "nd|no ?d"), ("sa", "sa|sh"))
        if re.search(rf"\b(?:{sign})", words)
    ]
    version = _dotted(match["version"])
    if version and version not in _CC_VERSIONS:
        return ""
    port = match.groupdict().get("port")
    return "-".join([*parts, *filter(None, (version, port))])


def _gnu(match: "re.Match[str]") -> str:
    kind = match["short"] or (match["kind"] or "")[:1]
    name = f"{kind}gpl"
    version = _dotted(match["version"])
    if not version:
        return name
    if version not in _GNU_VERSIONS[name]:
        return ""
    later = (match["later"] or "").strip()
    return f"{name}-{version}" + ("-or-later" if later not in ("", "only") else "")


def _versioned(name: str, *versions: str) -> Name:
    def named(match: "re.Match[str]") -> str:
        version = _dotted(match["version"])
        return f"{name}-{version}" if version in versions else "" if version else name

    return named


def _dotted(version: str | None) -> str:
    """ "3", "3.0" and "3.00" are the same: "3.0"."""
    major, _, minor = (version or "").partition(".")
    return f"{major}.{minor.rstrip('0') or '0'}" if major else ""


_NAMES: tuple[tuple["re.Pattern[str]", Name], ...] = (
    (_CC, _cc),
    (_CC_BARE, _cc),
    (_GPL, _gnu),
    (_GFDL, _versioned("gfdl", "1.1", "1.2", "1.3")),
    (_LAL, _versioned("lal", "1.2", "1.3")),
    (_OGA, _versioned("oga-by", "3.0", "4.0")),
    *((pattern, _always(identifier)) for pattern, identifier in _PLAIN),
)


def _without_vaguer(found: set[str]) -> set[str]:
    """Less what another says more exactly: `cc-by` beside `cc-by-3.0`, the public domain of CC0."""
    vague = {one for one in found for other in found if is_vaguer(one, other)}
    if any(one.startswith("cc") and one != "cc" for one in found):
        vague.add("cc")
    if "cc0-1.0" in found:
        vague.add("public-domain")
    return found - vague


def _shortened(words: str) -> str:
    printable = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return printable if len(printable) <= MOST_SHOWN else printable[: MOST_SHOWN - 1] + "…"
