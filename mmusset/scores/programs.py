"""The instruments of General MIDI, as captions call them, and what their sounds may be taken for.

Only what sounds like the instrument of its name is named: a choir of a synthesizer is no choir,
and nobody knows what a "synth voice" or "FX 3 (crystal)" is to one who hears it.
"""

from collections.abc import Collection, Iterable

from .notation import DRUMS, UNNAMED

_NAMES: dict[str, str] = {
    "piano": "0 1 2 3",
    "electric piano": "4 5",
    "harpsichord": "6",
    "clavinet": "7",
    "celesta": "8",
    "glockenspiel": "9",
    "music box": "10",
    "vibraphone": "11",
    "marimba": "12",
    "xylophone": "13",
    "dulcimer": "15",
    "organ": "16 17 18 19 20",
    "accordion": "21 23",
    "harmonica": "22",
    "guitar": "24 25 26 27 28 29 30",
    "double bass": "32 43",
    "bass": "33 34 35 36 37 38 39",
    "violin": "40",
    "viola": "41",
    "cello": "42",
    "strings": "44 45 48 49",
    "harp": "46",
    "timpani": "47",
    "trumpet": "56 59",
    "trombone": "57",
    "tuba": "58",
    "french horn": "60",
    "brass": "61",
    "saxophone": "64 65 66 67",
    "oboe": "68",
    "english horn": "69",
    "bassoon": "70",
    "clarinet": "71",
    "piccolo": "72",
    "flute": "73",
    "recorder": "74",
    "pan flute": "75",
    "shakuhachi": "77",
    "synthesizer": "80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101 102 103",
    "sitar": "104",
    "banjo": "105",
    "shamisen": "106",
    "koto": "107",
    "kalimba": "108",
    "bagpipe": "109",
    "fiddle": "110",
    "steel drum": "114",
    "woodblock": "115",
    "taiko": "116",
}
_BY_PROGRAM = {
    int(program): name for name, programs in _NAMES.items() for program in programs.split()
}
# Neither drums nor surely none: what is struck without a drum kit, and noises.
STRUCK = frozenset({47, *range(112, 128)})

# Who plays one of these is heard as one of these: what a name implies, and what sounds like it.
_FAMILIES: tuple[frozenset[str], ...] = tuple(
    frozenset(family.split("|"))
    for family in (
        "piano|electric piano|harpsichord|clavinet|clavichord|keyboard|celesta|music box",
        "violin|viola|cello|double bass|strings|fiddle|orchestra|erhu",
        "guitar|bass|double bass|banjo|mandolin|ukulele|lute|harp|koto|shamisen|sitar|dulcimer"
        "|plucked strings|harpsichord|zither|bouzouki|oud|pipa|guzheng|kora|sarod|veena|tanpura",
        "trumpet|trombone|tuba|french horn|brass|horn|cornet|flugelhorn|bugle|orchestra",
        "flute|piccolo|recorder|pan flute|shakuhachi|oboe|english horn|clarinet|bassoon|woodwind"
        "|saxophone|bagpipe|tin whistle|orchestra|horn",
        "organ|accordion|harmonica|harmonium|melodica|bandoneon",
        "glockenspiel|vibraphone|marimba|xylophone|bell|chime|celesta|music box|mallet percussion"
        "|kalimba|steel drum|singing bowl|dulcimer|santoor",
    )
)
# What is there where something else is: exactly, not only perhaps.
IMPLIED: dict[str, tuple[str, ...]] = {
    "violin": ("strings",),
    "viola": ("strings",),
    "cello": ("strings",),
    "trumpet": ("brass",),
    "trombone": ("brass",),
    "tuba": ("brass",),
    "french horn": ("brass", "horn"),
    "flute": ("woodwind",),
    "oboe": ("woodwind",),
    "clarinet": ("woodwind",),
    "bassoon": ("woodwind",),
    "double bass": ("bass",),
    "guitar": ("plucked strings",),
    "harp": ("plucked strings",),
    "banjo": ("plucked strings",),
    "piano": ("keyboard",),
    "electric piano": ("keyboard",),
    "marimba": ("mallet percussion",),
    "vibraphone": ("mallet percussion",),
    "xylophone": ("mallet percussion",),
    "glockenspiel": ("mallet percussion",),
}


def name_of(program: int) -> str:
    """What captions call the instrument of a program; "" where they can't."""
    return _BY_PROGRAM.get(program, "")


def is_clear(program: int) -> bool:
    """Whether everybody knows how a program sounds, and what it can't be taken for."""
    name = name_of(program)
    return program == DRUMS or (bool(name) and name != "synthesizer" and program != UNNAMED)


def may_be_heard(instrument: str, playing: Collection[str]) -> bool:
    """Whether somebody may hear an instrument, by its name, where these play."""
    if instrument in playing:
        return True
    families = [family for family in _FAMILIES if instrument in family]
    return not families or any(family & set(playing) for family in families)


def implied_by(playing: Iterable[str]) -> set[str]:
    """What is there as well where these play: strings where a violin does."""
    return {name for each in playing for name in IMPLIED.get(each, ())}
