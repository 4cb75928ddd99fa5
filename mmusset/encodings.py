"""Text of bytes in whatever encoding, where that is sure; nothing where it is guessed.

UTF-8 and UTF-16 show what they are. An older encoding counts only if the text then reads as one of
the languages it was made for: its letters are theirs, and enough of its words are their commonest.
Where two encodings both make sense of a text, and not the same one, neither is taken.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZEROS = 0.05  # of the bytes: even a text in Cyrillic has spaces, which hold one each
_SHARE = 0.1  # of the words, or of an East Asian text's characters, that have to be common ones
_FEWEST = 3  # of them
_SURE = 2.0  # times as many as the next best reading has

_PUNCTUATION = frozenset("“”‘’‚„–—…•«»‹›°§€£\u00a0¡¿·©、。，！？：；「」『』（）《》〜～・ー")
_WITHIN = frozenset("’–—…·・ー")  # what may stand between two letters
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Language:
    """`letters` are those that ASCII lacks; "" for East Asian ones, whose `common` are characters
    and not words."""

    encodings: tuple[str, ...]
    letters: frozenset[str]
    common: frozenset[str]


def _language(encodings: str, letters: str, common: str) -> _Language:
    words = common.split() if letters else [c for c in common if not c.isspace()]
    return _Language(tuple(encodings.split()), frozenset(letters), frozenset(words))


_WEST, _MIDDLE = "cp1252 mac_roman cp850", "cp1250 iso8859_2 cp852"
_EAST = "cp1251 koi8_r cp866 mac_cyrillic"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_LANGUAGES = (
    _language(_WEST, "éèêçñïöü", "the of and a to in is was it he she they with for on as at"),
    _language(_WEST, "àâçèéêëîïôùûüœ", "le la les l de des d et un une est dans à en que qui il"),
    _language(_WEST, "äöüß", "der die das und in ein eine ist war den dem zu mit auf von nicht im"),
    _language(_WEST, "áéíñóúü", "el la los las de del y que en un una es era con por se su al no"),
    _language(_WEST, "ãõáâàçéêíóôúü", "o a os as de do da e que em um uma é com por se no na ao"),
    _language(_WEST, "àèéìòù", "il la lo gli le di del della e è che un una in con per si non al"),
    _language(_WEST, "éëïèöü", "de het een en van in is was dat op met zijn te ze hij niet er aan"),
    _language(
        _WEST, "åäöéæø", "och en ett i är var det som på av med han hon den inte til og"
    ),
    _language(_WEST, "äöå", "ja on oli ei se hän että joka kun mutta niin kuin hänen ovat myös"),
    _language(_MIDDLE, "ąćęłńóśźż", "i w na z się nie jest że do to był była o jak po za ale ich"),
    _language(_MIDDLE, "áčďéěíňóřšťúůýž", "a v se na je že s z do to o byl byla jak ale po si"),
    _language(_MIDDLE, "áäčďéíĺľňóôŕšťúýž", "a v sa na je že s z do to o bol bola ako ale po si"),
    _language(_MIDDLE, "áéíóöőúüű", "a az és egy hogy nem is volt van meg mint de el csak már ha"),
    _language(_MIDDLE, "čćžšđ", "i u na je se da su za od s ne bio bila što kao ali iz po sa"),
    _language(_EAST, _CYRILLIC, "и в на не он она с что как по это был была к у но из за они от"),
    _language(
        "cp1251 koi8_u", _CYRILLIC + "іїєґ", "і й в на не він вона з що як по це був до у але та"
    ),
    _language(
        "cp1253 iso8859_7 cp737", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
        "και το η ο να του της με που τα από στο στη ήταν δεν για τον την σε μια",
    ),
    _language(
        "cp1254 cp857", "çğıöşüâ\u0307", "ve bir bu da de için ile o çok ne gibi ama daha vardı"
    ),
    _language("cp1255", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "של את על הוא לא היא עם זה היה כל או גם אל"),
    _language("cp932 euc_jp", "", "のにはをたがでてとしれさいるもなかっま"),
    _language("gb18030", "", "的一是不了在人有我他这个们来上大和地到说时就出着里那子得"),
    _language("big5hkscs", "", "的一是不了在人有我他這個們來上大和地到說時就出著裡那子得"),
    _language("cp949", "", "이다는을를에의가고하지도은한로서기그어나"),
)  # fmt: skip


def text_of(data: bytes) -> str | None:
    """The text of a file's bytes, less a byte order mark; None where no reading of it is sure."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _decoded(data, encoding)
            return None if text is None else text.removeprefix("\ufeff")
    wide = _without_mark(data)
    if wide:
        return _decoded(data, wide)
    text = _decoded(data, "utf-8")
    return text if text is not None else _legacy(data)


def _without_mark(data: bytes) -> str:
    """Which UTF-16 it is, if any: of all its zeros, which are many, none is on the other side."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if len(data) % 2 or max(even, odd) < _ZEROS * len(data) or min(even, odd):
        return ""
    return "utf-16-be" if even else "utf-16-le"


def _decoded(data: bytes, encoding: str) -> str | None:
    """The text, or None where the bytes are none in that encoding."""
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return None
    return None if any(c < " " and c not in "\t\n\v\f\r" for c in text) else text


def _legacy(data: bytes) -> str | None:
    readings: dict[str, float] = {}
    for text, score in _readings(data):
        readings[text] = max(score, readings.get(text, 0.0))
    best, *others = sorted(readings.items(), key=lambda each: -each[1]) or [("", 0.0)]
    is_sure = best[1] > 0.0 and all(best[1] >= _SURE * score for _, score in others)
    return best[0] if is_sure else None


def _readings(data: bytes) -> Iterator[tuple[str, float]]:
    """The texts that the bytes may be, each with the share of its words that are common."""
    for language in _LANGUAGES:
        for encoding in language.encodings:
            text = _decoded(data, encoding)
            if text is None or not _reads_as(language, text):
                continue
            words = _WORD.findall(text.casefold()) if language.letters else _letters(text)
            hits = sum(word in language.common for word in words)
            if hits >= max(_FEWEST, _SHARE * len(words)):
                yield text, hits / len(words)


def _reads_as(language: _Language, text: str) -> bool:
    """Whether all that ASCII lacks is where, and what, it can be in that language."""
    for before, c, behind in zip(" " + text, text, text[1:] + " ", strict=False):
        if not c.isascii() and not _fits(language, before, c, behind):
            return False
        if before.islower() and c.isupper() and not (before + c).isascii():
            return False
    alone = {word for word in _WORD.findall(text.casefold()) if len(word) == 1}
    return all(word.isascii() or not language.letters or word in language.common for word in alone)


def _fits(language: _Language, before: str, c: str, behind: str) -> bool:
    """Whether a character that ASCII lacks can stand between two others."""
    if c.isalpha():
        return _is_letter_of(language, c)
    within = before.isalpha() and behind.isalpha() and bool(language.letters)
    return c in (_WITHIN if within else _PUNCTUATION)


def _is_letter_of(language: _Language, c: str) -> bool:
    if language.letters:
        return all(each.isascii() or each in language.letters for each in c.lower())
    return unicodedata.category(c) != "Co" and not "\uff61" <= c <= "\uff9f"


def _letters(text: str) -> list[str]:
    return [c for c in text if c.isalpha()]
