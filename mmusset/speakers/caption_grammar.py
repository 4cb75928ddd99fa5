"""The offline captioner: claims in, two or three plain true sentences out."""

from random import Random

from mmusset.sample import Claim

from .expand import expand
from .numbers import in_words
from .phrases import ABOUT, ALL, CONTRASTS, PHRASES, UNIT, Forms

HEAD = (
    "(clip|piece|recording|excerpt|passage|track|take|fragment|extract|section|segment|selection"
    "|sample|cut|snippet|stretch of music|piece of music|bit of music|few seconds of music)"
)
SUBJECT = (
    f"(this {HEAD}|the {HEAD}|this {HEAD}|the music|it|what (plays|sounds|goes by|you hear) here"
    "|the music (here|on offer|in question)|this music)"
)
IT = f"(it|it|the music|the {HEAD}|all of it|this one|this music|the whole of it)"
# Said before a sentence now and then; each is true of anything.
LEAD = (
    "(on the whole|all told|overall|to the ear|to a listener|by ear or by meter|as music goes"
    "|taken as a whole|at any point|for the most part|in short|in sum|put plainly|plainly put"
    "|when you listen|if you listen closely|heard from start to end|as far as can be measured"
    "|as measured|by measurement|on listening|at first hearing and after)"
)
FOLLOW = (
    "(besides|also|beyond that|apart from that|in addition|at the same time|meanwhile|then again"
    "|what is more|on top of that|otherwise|for the rest|next to that|with that|further)"
)
# Said before an adjective now and then; none makes it more or less than it is.
PLAINLY = "(plainly|clearly|audibly|distinctly|evidently|measurably|recognisably|noticeably)"
LEADS, FOLLOWS, PLAIN = 0.2, 0.35, 0.25
# How often a claim that may be said is left out, and how many are said at least.
LEFT_OUT = 0.22
AT_LEAST = 3

# Sentences by how many claims they hold: A, P, W, C are an adjective, a predicate, a
# hanging phrase and a clause, each with the number of its claim.
SENTENCES: dict[int, tuple[str, ...]] = {
    1: (
        "{S} {P1}",
        "{S} {P1}",
        "{C1}",
        "{C1}",
        "{C1}",
        "(here is|this is|you hear|what you hear is) {a A1} {H}",
        "(here is|this is|you hear|we get) a+ {H} {W1}",
    ),
    2: (
        "{S} {P1} and {P2}",
        "{S} {P1}(, and|;) {C2}",
        "{C1}(, and|, while|;|, and) {C2}",
        "{C1}(, and| while|;) {C2}",
        "{W1}, {S} {P2}",
        "{W1}, {S} {P2}",
        "{W1}, {C2}",
        "{S}, {W1}, {P2}",
        "{S}, {W1}, {P2}",
        "{a A1} {H} {W2}",
        "{a A1} {H} {W2}",
        "(here is|this is|you hear|listen to) {a A1} {H} {W2}",
        "{a A1} {H}: {C2}",
        "{A1}, {S} {P2}",
        "{a A1}, {A2} {H}",
        "a+ {H} {W1}, {W2}",
    ),
    3: (
        "{S} {P1}, {P2} and {P3}",
        "{S} {P1} and {P2}(, and|;|, while) {C3}",
        "{W1}, {S} {P2} and {P3}",
        "{W1}, {S} {P2}(, and|;|, while) {C3}",
        "{a A1}, {A2} {H} {W3}",
        "{a A1}, {A2} {H} {W3}",
        "(here is|this is|you hear) {a A1}, {A2} {H} {W3}",
        "{a A1} {H} {W2}, {W3}",
        "{a A1} {H} {W2}: {C3}",
        "{S}, {W1}, {P2} and {P3}",
        "{C1}, {C2}, and {C3}",
        "{C1}; {C2}, and {C3}",
        "{A1} and {A2}, {S} {P3}",
        "{a A1} {H} {W2} that {P3}",
        "{S} is {A1} and {A2}, {W3}",
    ),
}
CONTRASTING = ("{A1} but {A2}, {S} {P3}", "{a A1} but {A2} {H} {W3}", "{S} is {A1} but {A2}; {C3}")


def caption(claims: tuple[Claim, ...], random: Random) -> str:
    """A caption that says some of the claims, at least three of them if there are so many."""
    chosen = _choose(claims, random)
    sentences = []
    while chosen:
        size = min(len(chosen), random.choice((1, 2, 2, 3, 3)))
        # No sentence of one claim is left for the end where it can join another.
        size += len(chosen) - size == 1 and size < 3
        group, chosen = chosen[:size], chosen[size:]
        sentences.append(_sentence(group, random, first=not sentences))
    return " ".join(sentences)


def _choose(claims: tuple[Claim, ...], random: Random) -> list[Claim]:
    """The claims to say, in the order to say them. A key says its mode already."""
    said = [c for c in claims if (c.attribute, _value(c)) in PHRASES]
    if any(c.attribute == "key" for c in said):
        said = [c for c in said if c.attribute != "mode"]
    random.shuffle(said)
    spare = len(said) - AT_LEAST
    while spare > 0 and random.random() < LEFT_OUT * len(said) / AT_LEAST:
        said.pop()
        spare -= 1
    return said


def _sentence(group: list[Claim], random: Random, *, first: bool) -> str:
    if len(group) == 3 and _contrast(group[0], group[1]) and random.random() < 0.7:
        patterns: tuple[str, ...] = CONTRASTING
    else:
        patterns = SENTENCES[len(group)]
    forms = [_forms(claim, random) for claim in group]
    usable = [pattern for pattern in patterns if _fits(pattern, forms)]
    subject = SUBJECT if first else f"({IT}|{SUBJECT})"
    lead = LEAD if first else FOLLOW
    led = random.random() < (LEADS if first else FOLLOWS)
    text = random.choice(usable).replace("{S}", subject).replace("{H}", HEAD)
    for number, form in enumerate(forms, start=1):
        text = text.replace(f"{{a A{number}}}", f"a+ {{A{number}}}")
        for letter, wording in zip("APWC", form, strict=True):
            text = text.replace(f"{{{letter}{number}}}", f"({wording})")
    return _finish(expand(f"{lead}, {text}" if led else text, random))


def _forms(claim: Claim, random: Random) -> tuple[str, str, str, str]:
    """The four patterns of a claim, with everything but the alternatives filled in."""
    form: Forms = PHRASES[claim.attribute, _value(claim)]
    filled = {
        "{v}": _spoken(claim, random),
        "{it}": IT,
        "{all}": ALL,
        "{about}": ABOUT,
        "{unit}": UNIT,
    }
    patterns = [form.adjective, form.predicate, form.phrase, form.clause]
    for name, value in filled.items():
        patterns = [pattern.replace(name, value) for pattern in patterns]
    adjective, predicate, phrase, clause = patterns
    if adjective and random.random() < PLAIN:
        adjective = f"{PLAINLY} ({adjective})"
    return adjective, predicate, phrase, clause


def _fits(pattern: str, forms: list[tuple[str, str, str, str]]) -> bool:
    """Whether every claim has a wording of the kind that the pattern asks of it."""
    return all(
        wording or f"{letter}{number}}}" not in pattern
        for number, form in enumerate(forms, start=1)
        for letter, wording in zip("APWC", form, strict=True)
    )


def _contrast(one: Claim, other: Claim) -> bool:
    pair = frozenset({(one.attribute, one.value), (other.attribute, other.value)})
    return pair in CONTRASTS and all(PHRASES[key].adjective for key in pair)


def _value(claim: Claim) -> str:
    return "" if claim.attribute in ("tempo", "key") else claim.value


def _spoken(claim: Claim, random: Random) -> str:
    if claim.attribute == "tempo":
        number = int(claim.value)
        return random.choice((str(number), str(number), in_words(number)))
    if claim.attribute == "key":
        return claim.value.replace("#", random.choice((" sharp", "-sharp", "#")))
    return claim.value


def _finish(text: str) -> str:
    """Articles, a capital and a full stop."""
    words = text.replace(" ,", ",").replace(" ;", ";").replace(" :", ":").split(" ")
    for place, word in enumerate(words):
        if word == "a+":
            words[place] = "an" if words[place + 1][0] in "aeiou" else "a"
    joined = " ".join(words).rstrip(",")
    return f"{joined[0].upper()}{joined[1:]}."
