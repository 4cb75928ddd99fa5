"""Phrases of plain English that claim a measured value, built from their parts.

Most go by a rule: what is said of a thing ("low" of the volume) may stand before it
("a low volume"), after a verb ("the volume stays low") or after "in" ("low in volume").
"""

from itertools import product

from mmusset.sample import Attribute

_VERBS = "is|stays|remains|sits|runs|holds|keeps|held|kept|"
_PACES = "pace|pulse|tempo|beat|step|speed"
_LEVELS = "volume|level|loudness"
_MEDIUM = "moderate|medium|middling"


def _joined(*parts: str) -> tuple[str, ...]:
    """Each choice of the first part before each choice of the next: "a|b", "c" is a c, b c."""
    return tuple(" ".join(filter(None, row)) for row in product(*(p.split("|") for p in parts)))


def _said(of: str, words: str) -> tuple[str, ...]:
    """What is said of things: "low volume", "volume stays low", "low in volume"."""
    return (
        *_joined(words, of),
        *_joined(of, _VERBS, words),
        *_joined(words, "in", of),
    )


PLAIN: tuple[tuple[Attribute, str, tuple[str, ...]], ...] = (
    (
        "pulse",
        "slow",
        (
            *_joined("ambles|ambling|amble|strolls|strolling|stroll|dawdles|dawdling|dawdle"),
            *_joined("nothing|never", "hurries|rushes|hurrying|rushing|hurry|rush"),
            *_joined("takes|taking|take", "its|all its|plenty of", "time"),
            *_joined("no|free of|without", "hurry|rush|haste"),
            *_joined("in no", "hurry|rush"),
            *("slowly", "moving slowly", "slow going", "slow footed", "slow stepping"),
        ),
    ),
    (
        "pulse",
        "moderate",
        (
            *_said(_PACES, f"{_MEDIUM}|walking"),
            *_joined("medium|middling|mid", "paced"),
            *_joined("neither slow nor", "fast|quick|hurried"),
            *("between slow and fast", "nothing drags or rushes", "nothing rushes or drags"),
        ),
    ),
    (
        "pulse",
        "fast",
        (
            *_joined(
                "hurries|hurrying|races|racing|speeds|speeding|rushes|rushing|hastens|hastening",
                "along|on|ahead",
            ),
            *("speedy", "speedily", "quick footed", "quick paced", "fast stepping"),
        ),
    ),
    (
        "loudness",
        "quiet",
        (*_said(_LEVELS, "low|down|modest|subdued"), "subdued", "down in volume"),
    ),
    (
        "loudness",
        "medium",
        (
            *_said(_LEVELS, f"{_MEDIUM}|average|mid"),
            *_joined("between", "quiet|soft", "and loud"),
        ),
    ),
    (
        "loudness",
        "loud",
        (*_said(_LEVELS, "high|up|strong"), *_joined("plenty of|a lot of", "volume")),
    ),
    (
        "dynamics",
        "even",
        (
            *_said(_LEVELS, "steady|constant|even|stable|uniform|unchanging|same"),
            *_joined("dynamics", "are|stay|remain", "steady|even|flat"),
            *_joined("steady|even|flat", "dynamics"),
            *_joined("dynamically", "steady|constant|even|stable|uniform|unchanging|flat"),
            *_joined(
                f"{_LEVELS}|level that|volume that",
                "hardly|barely|scarcely",
                "moves|changes|shifts|varies",
            ),
            *_joined("little|hardly any", "change in", _LEVELS),
            *_joined("varies|varying|vary", "little in", _LEVELS),
            *_joined("one", _LEVELS),
        ),
    ),
    (
        "dynamics",
        "varied",
        (
            *_joined("varied|varying|changing|shifting", f"dynamics|{_LEVELS}"),
            *_joined("varied|changing|shifting|variable|uneven", "in", _LEVELS),
            *_joined("dynamically", "varied|changing|shifting|variable|uneven"),
            *_joined("vary|varying|varies|change|changing|changes", "in", _LEVELS),
            *_joined("shift|shifts|shifting|fluctuates|fluctuating", "in", _LEVELS),
            *_joined(_LEVELS, "moves|shifts|fluctuates|varies|changes"),
            *_joined("level|volume", "that", "moves|shifts|fluctuates|varies|changes"),
            *_joined("swells and", "falls|fades"),
            *_joined("swelling and", "falling|fading"),
            *("dynamics shift", "dynamics change", "dynamics vary"),
        ),
    ),
    (
        "brightness",
        "dark",
        (
            *_joined("low in|short on|light on|little|not much", "treble"),
            *("dark timbred", "treble light"),
        ),
    ),
    (
        "brightness",
        "balanced",
        (
            *_said("tone|timbre|sound", "balanced"),
            *_joined("tone|timbre|sound", "between dark and bright"),
            *("between dark and bright", "tonally balanced", "balanced toned"),
            "balanced sounding",
        ),
    ),
    (
        "brightness",
        "bright",
        (
            *_joined("rich in|heavy with|full of|plenty of|much", "treble"),
            *("bright timbred", "treble rich", "treble heavy"),
        ),
    ),
    (
        "density",
        "sparse",
        (
            *_joined("room|space|gaps", "between", "notes|its notes|the notes"),
            *_joined("sparing|thrifty", "with", "notes|its notes"),
            *_joined("spares|sparing|rations|rationing", "its notes"),
            *("uncrowded", "pared down", "thinly filled", "short on notes", "light on notes"),
        ),
    ),
    (
        "density",
        "steady",
        (
            *_said("density", _MEDIUM),
            *_joined("steady|moderate", "flow|stream|run|supply", "of notes"),
            *_joined("in a", "steady|moderate", "flow|stream|run|supply"),
            *_joined("moderate|middling", "number of notes"),
            "between sparse and busy",
        ),
    ),
    (
        "density",
        "busy",
        (
            *_joined("plenty of|lots of|rich in|crammed with|thick with|crowd of", "notes"),
            *_joined("teems|teeming|bristles|bristling|brims|brimming", "with notes"),
            *("bustling", "teeming", "tightly packed", "notes are plentiful", "notes crowd in"),
            "note filled",
        ),
    ),
    ("width", "mono", ("one channel",)),
    (
        "width",
        "narrow",
        (
            *_joined("little", "width|stereo width"),
            *("narrowly spread", "spreads narrowly", "spreading narrowly"),
        ),
    ),
    (
        "width",
        "wide",
        (
            *_joined("broad", "stereo|stereo field|stereo image|stereo spread"),
            *_joined("stereo field|stereo image|stereo spread", "is|stays", "broad"),
            "broad in stereo",
            *_joined("plenty of", "width|stereo width"),
            "widely spread",
        ),
    ),
    (
        "energy",
        "calm",
        (
            *_said("energy", "low|little"),
            *("restful", "composed manner", "composed bearing", "composed feel", "unexcited"),
            "at ease",
        ),
    ),
    (
        "energy",
        "moderate",
        (
            *_said("energy", _MEDIUM),
            *_joined("moderate|middling", "amount of energy"),
            *_joined("neither calm nor", "lively|energetic"),
            *_joined("between calm and", "lively|energetic"),
        ),
    ),
    (
        "energy",
        "energetic",
        (
            *_said("energy", "high|much"),
            *_joined("plenty of|charged with", "energy"),
            *_joined("full of", "vigour|life"),
            *("spirited", "animated", "active manner"),
        ),
    ),
)
