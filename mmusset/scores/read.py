"""A score out of a file's bytes, by its suffix."""

from .notation import NotAScore, Notation

MOST_BYTES = 8_000_000
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
SUFFIXES = (*MIDI_SUFFIXES, ".musicxml", ".mxl")


def read_score(data: bytes, suffix: str) -> Notation:
    """The notes of a MIDI or MusicXML file, whose suffix is in small letters. Raises NotAScore."""
    if len(data) > MOST_BYTES:
        raise NotAScore(f"has over {MOST_BYTES // 1_000_000} MB")
    # Most libraries have no scores, and each decoder would import what parses them.
    if suffix in MIDI_SUFFIXES:
        from . import midi

        return midi.parse(data)
    from . import musicxml

    return musicxml.parse(data)
