"""A score out of a file's bytes, by its suffix."""

from .midi import parse as parse_midi
from .musicxml import parse as parse_musicxml
from .notation import NotAScore, Notation

MOST_BYTES = 8_000_000
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
SUFFIXES = (*MIDI_SUFFIXES, ".musicxml", ".mxl")


def read_score(data: bytes, suffix: str) -> Notation:
    """The notes of a MIDI or MusicXML file, whose suffix is in small letters. Raises NotAScore."""
    if len(data) > MOST_BYTES:
        raise NotAScore(f"has over {MOST_BYTES // 1_000_000} MB")
    return parse_midi(data) if suffix in MIDI_SUFFIXES else parse_musicxml(data)
