"""Whose group a piece belongs to, by the names that its tags have for artists.

A guest does not make a group of its own: "Queen feat. Bowie", "Queen & Bowie" and "Queen" are all
Queen's. Names that stand for nobody, such as "Various Artists", make none.
"""

import re
import unicodedata
from functools import lru_cache

# What stands between an artist and the others of a piece.
_BETWEEN = re.compile(
    r"\s*(?:\sw/|[;/\\\0|&×]|(?<!\d),|,(?!\d)|\s\+\s"
    r"|[\s(\[](?:feat|ft|featuring|vs|versus|with|and|und|x|pres|presents|meets)"
    r"(?:\.|(?=[\s(\[])))\s*",
    re.IGNORECASE,
)
_ACCENTS = re.compile("[\u0300-\u036f]")
_QUOTES = re.compile("['’‘`´\"“”]")
# "Unknown artist 3", "Various Artists - Chill"
_NUMBERED = re.compile(r"\W*(?:unknown|various) artists?\s*[-:(#\d]", re.IGNORECASE)
_ARTICLE = re.compile(r"\Athe (?=\S)")


@lru_cache(1000)  # an artist's pieces come one after the other
def chief(name: str) -> str:
    """The artist that a name puts first, in plain letters; "" where it names nobody.

    "The Beatles" and "Beatles, The" are the same, and so are "Beyoncé" and "BEYONCE". The name of a
    band that reads like several ("Simon & Garfunkel") comes out as its first word, always the same.
    """
    if _is_nobody(name):
        return ""
    parts = _BETWEEN.split(unicodedata.normalize("NFKC", name))
    return next((_plain(part) for part in parts if _plain(part) and not _is_nobody(part)), "")


def _is_nobody(name: str) -> bool:
    return _plain(name) in NOBODY or _NUMBERED.match(name) is not None


def _plain(name: str) -> str:
    """In small letters without accents, punctuation and a leading "the"; a name that is made of
    punctuation stays as it is."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded)))
    letters = " ".join(re.sub(r"[\W_]+", " ", _QUOTES.sub("", folded)).split())
    return _ARTICLE.sub("", letters) or letters or " ".join(folded.split())


# As programs and people write them: what stands for several, then what stands for one unknown.
_NOBODY = (
    "VA|V.A.|V/A|VV.AA.|AA.VV.|Various|Various Artists|Various Artist|Various Artistes"
    "|Various Performers|Various Composers|Multiple Artists|Mixed Artists|Compilation"
    "|Compilations|Sampler|Soundtrack|OST|Original Soundtrack"
    "|Original Motion Picture Soundtrack|Original Cast|Verschiedene|Verschiedene Interpreten"
    "|Verschiedene Künstler|Diverse|Diverse Interpreten|Diverse Künstler|Diverse artiesten"
    "|Diverse artister|Artistes divers|Artistes variés|Varios|Varios artistas|Artistas varios"
    "|Varios intérpretes|Vários artistas|Artistas vários|Artisti vari|Vari artisti|AA VV"
    "|Blandade artister|Blandede kunstnere|Eri esittäjiä|Różni wykonawcy|Různí interpreti"
    "|Különféle előadók|Çeşitli Sanatçılar|Разные исполнители|Разные артисты|Сборник"
    "|Різні виконавці|群星|合輯|合辑|ヴァリアス・アーティスト|オムニバス|여러 아티스트"
    "|Unknown|Unknown Artist|Unknown Artists|Unknown Performer|Artist|Artist Unknown|No Artist"
    "|No Name|None|Null|N/A|NA|Not available|Untagged|Anonymous|Anon|Traditional|Trad.|[data]"
    "|[dialogue]|Unbekannt|Unbekannter Künstler|Unbekannter Interpret|Inconnu|Artiste inconnu"
    "|Interprète inconnu|Desconocido|Artista desconocido|Intérprete desconocido|Sconosciuto"
    "|Artista sconosciuto|Desconhecido|Artista desconhecido|Onbekend|Onbekende artiest"
    "|Okänd artist|Ukjent artist|Ukendt kunstner|Tuntematon|Tuntematon esittäjä"
    "|Nieznany wykonawca|Neznámý interpret|Ismeretlen előadó|Bilinmeyen Sanatçı"
    "|Неизвестный исполнитель|Неизвестный артист|Неизвестен"
    "|Невідомий виконавець|不明なアーティスト|不明|未知艺术家|未知歌手|未知|未知演出者|佚名"
    "|알 수 없는 아티스트|알 수 없음"
)
NOBODY = frozenset(map(_plain, _NOBODY.split("|")))
