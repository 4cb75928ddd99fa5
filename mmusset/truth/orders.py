"""Orders to a model in a text, in seven languages and however their letters are dressed up.

Letters are compared alone: without case, accents, width, look-alikes of other alphabets, digits
that stand for letters, spaces and signs between them. So `I g n o r e`, `1gn0r3` and full-width
letters are all `ignore`. What is found are places in the text as it was given.
"""

import re
import unicodedata
from functools import cache, lru_cache

from mmusset.text import has_any

# Letters of other alphabets, digits and signs that are read as Latin letters. `l` becomes `i` as
# `1` does, in what is looked for too.
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіјѕԁɡαβεικνορτυχηωɩı0134578@$lłøđ€",
    "abekmhopctyxijsdgabeikvoptuxnwiioieastbasiiode",
)
_ENGLISH = (
    r"(?:ignore|disregard|forget|override|bypass)",
    r"(?:all|any|the|every|each|my|your|our|of|these|those|this|previous|prior|preceding|above"
    r"|earlier|former|other|past|given|system|safety|initial|original|and|following|current)",
    r"(?:instruction|prompt|directive|guideline)s?",
    r"(?:rule|order|command)s?",
    r"(?:previous|prior|preceding|above|earlier|system|safety|original)",
)
_GERMAN = (
    r"(?:ignorieren?(?:sie)?|ignorier|vergiss|vergesst|vergessensie|missachten?(?:sie)?"
    r"|missachte|uebergehe|ubergehe|(?:ue|u)bergehensie)",
    r"(?:alle|die|den|deine|deinen|ihre|meine|diese|saemtliche|samtliche|bisherigen|vorherigen"
    r"|vorigen|obigen|fr(?:u|ue)heren|vorangegangenen|vorangehenden|und)",
    r"(?:anweisung(?:en)?|instruktion(?:en)?|vorgaben?|systemprompts?|prompts?)",
    r"(?:regeln?|befehle?)",
    r"(?:bisherigen|vorherigen|vorigen|obigen|fr(?:u|ue)heren|vorangegangenen|vorangehenden)",
)
_FRENCH = (
    r"(?:ignore[zr]?|ignores|oublie[zr]?|oublies|netenezpascomptede|netienspascomptede)",
    r"(?:toutes|tous|les|tes|vos|mes|des|ces|precedente?s|anterieure?s|du|systeme|de|et)",
    r"(?:instructions?|consignes?|directives?)",
    r"(?:regles?|ordres?)",
    r"(?:precedente?s|anterieure?s|cidessus)",
)
_SPANISH = (
    r"(?:ignor(?:a|e|ad|en|ar)|olvid(?:a|e|ad|en|ar)|descart(?:a|e|en)|hazcasoomisode"
    r"|nohagascasode|desobedece)",
    r"(?:todas|todos|las|los|tus|sus|mis|a|de|estas|cualquier|previas|anteriores|del|sistema|y)",
    r"(?:instruccion(?:es)?|indicacion(?:es)?|directrices)",
    r"(?:reglas?|ordenes|normas?)",
    r"(?:anteriores|previ[ao]s|precedentes)",
)
_ITALIAN = (
    r"(?:ignor(?:a|ate|i|are)|dimentic(?:a|ate|are)|dimentichi|nontenerecontode(?:lle|i|gli))",
    r"(?:tutte|tutti|le|i|gli|tue|vostre|sue|mie|delle|dei|queste|precedenti|e)",
    r"(?:istruzion[ei]|indicazion[ei]|direttive)",
    r"(?:regole|ordini)",
    r"(?:precedenti|anteriori)",
)
_PORTUGUESE = (
    r"(?:ignor(?:e|a|em|ar)|esquec(?:a|e|am|er)|desconsider(?:e|a|em))",
    r"(?:todas|todos|as|os|suas|tuas|minhas|quaisquer|estas|anteriores|previas|e)",
    r"(?:instruc(?:ao|oes)|orientac(?:ao|oes)|diretrizes)",
    r"(?:regras|ordens)",
    r"(?:anteriores|previas|acima)",
)
_DUTCH = (
    r"(?:negeer|negeren|vergeet)",
    r"(?:alle|de|je|jouw|uw|mijn|deze|vorige|eerdere|voorgaande|bovenstaande|en)",
    r"(?:instructies?|aanwijzing(?:en)?|opdracht(?:en)?|richtlijnen|prompts?)",
    r"(?:regels|bevelen)",
    r"(?:vorige|eerdere|voorgaande|bovenstaande)",
)
_OTHERS = (
    r"(?:system|developer)(?:prompt|message|instruction)s?"
    r"|system(?:anweisung(?:en)?|nachricht)|(?:prompt|message|instructions)d[eu]?systeme"
    r"|(?:prompt|mensaje|instrucciones)delsistema|(?:prompt|messaggio|istruzioni)d(?:i|el)sistema"
    r"|(?:prompt|mensagem|instrucoes)d[eo]sistema|systeem(?:prompt|bericht|instructies?)"
    r"|(?:ignore|disregard|forget)(?:everything|anything|all|what)?(?:of)?youweretold"
    r"|(?:report|find|give|return)nofaults"
    r"|(?:mark|rate|judge|label|classify)(?:this|the)(?:sample|story|caption|text)as"
    r"|(?:accept|approve)(?:this|the)(?:sample|story|caption)"
    # Of things above the tree line, and words that somebody answers with, stories tell too.
    r"|(?P<ending>(?:ignore|disregard|forget)(?:everything|anything|all)(?:of)?(?:the)?above)"
    r"|(?P<opening>(?:answer|reply|respond)(?:only)?with(?:only)?the(?:word|words|following))"
)


# One of these stands in every order: looked for first, they pass over most texts at once.
_STEMS = [
    stem.replace("l", "i")
    for stem in (
        *("ignor", "disregard", "forget", "overrid", "bypass"),
        *("vergiss", "vergess", "missacht", "bergehe", "oublie", "netenez", "netiens"),
        *("olvid", "descart", "hazcaso", "nohagascaso", "desobedece", "dimentic", "nontenere"),
        *("esquec", "desconsider", "negeer", "negeren", "vergeet"),
        *("system", "systeem", "sistema", "developer", "nofaults", "acceptth", "approveth"),
        *("sampleas", "storyas", "captionas", "textas", "thewords", "thefollowing"),
        "theword",
    )
]


_NEXT_SENTENCE = re.compile(r"[.!?;]\s+\w{2}")
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:;\n])[\s\"'“‘(]*\Z")
_ENDS_CLAUSE = re.compile(r"\s*(?:[.,:;!?\n)]|and\b|\Z)")


def find(text: str) -> list[tuple[int, int]]:
    """Start and end of each order to a model in a text."""
    letters = folded(text)
    if not has_any(letters, _STEMS):
        return []
    places = [place for place, character in enumerate(text) for _ in _plain(character)]
    spans = []
    for match in _orders().finditer(letters):
        start, end = places[match.start()], places[match.end() - 1] + 1
        # Whole words (`design or ...` is no `ignore`), of one sentence.
        cut = text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum()
        if (
            not cut
            and not _NEXT_SENTENCE.search(text, start, end)
            and _fits(match, text, start, end)
        ):
            spans.append((start, end))
    return spans


def _fits(match: re.Match[str], text: str, start: int, end: int) -> bool:
    """Whether words that are an order only there begin a sentence, or end a clause."""
    if match.lastgroup == "opening":
        return _BEGINS_SENTENCE.search(text[:start]) is not None
    return match.lastgroup != "ending" or _ENDS_CLAUSE.match(text, end) is not None


def folded(text: str) -> str:
    """The letters of a text alone, by which two texts that are dressed up differently are equal."""
    return text.translate(_of_ascii()) if text.isascii() else "".join(map(_plain, text))


@cache
def _of_ascii() -> dict[int, str]:
    return {code: _plain(chr(code)) for code in range(128)}


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """The plain letters that a character stands for."""
    plain = unicodedata.normalize("NFKD", character).casefold().translate(_LOOK_ALIKES)
    return "".join(part for part in plain if part.isalpha())


@cache
def _orders() -> re.Pattern[str]:
    languages = (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH)
    patterns = [_order(*parts) for parts in languages]
    # A letter that stands in a pattern is looked for as `_plain` gives it.
    return re.compile("|".join([*patterns, _OTHERS]).replace("l", "i"))


def _order(verbs: str, between: str, texts: str, rules: str, earlier: str) -> str:
    """To ignore instructions; or rules, if of those given before: stories have rules too."""
    these = rf"{between}{{0,4}}?{earlier}{between}{{0,2}}?{rules}|{between}{{0,4}}{rules}{earlier}"
    return rf"{verbs}(?:{between}{{0,6}}{texts}|{these})"
