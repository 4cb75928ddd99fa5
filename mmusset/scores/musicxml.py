"""MusicXML (the W3C's 4.0 and before it), plain or packed, read without trust.

Repeats and endings are played out; jumps such as D.C. al Fine are not, and then the score's length
is not the sound's, by which it is found out.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .midi import beat_in_quarters
from .notation import DRUMS, UNNAMED, Mode, NotAScore, Notation
from .played_out import MOST_NOTES, Measure, WrittenNote, WrittenPart, notation_of
from .xml_tree import Element, number
from .xml_tree import parse as parse_xml

MOST_XML_BYTES = 32_000_000
USUAL_VELOCITY = 80
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUARTERS = {"half": 2.0, "quarter": 1.0, "eighth": 0.5}
# By words of a part's name, where the file names no program.
_PARTS: tuple[tuple[str, int], ...] = (
    (r"viola|bratsche", 41),
    (r"violoncell|cell(?:o|i)\b", 42),
    (r"double ?bass|contrabass|kontrabass", 43),
    (r"violin|violon|geige", 40),
    (r"piccolo", 72),
    (r"recorder|blockfl", 74),
    (r"fl(?:ute|öte|auto|\.)", 73),
    (r"english horn|cor anglais", 69),
    (r"oboe", 68),
    (r"clarinet|klarinette", 71),
    (r"bassoon|fagott", 70),
    (r"sax", 65),
    (r"trumpet|trompete|tromba", 56),
    (r"trombone|posaune", 57),
    (r"tuba", 58),
    (r"horn|corn[io]\b", 60),
    (r"harpsichord|cembalo", 6),
    (r"piano", 0),
    (r"organ\b|orgel", 19),
    (r"harp\b|harfe", 46),
    (r"guitar", 24),
)


def parse(data: bytes) -> Notation:
    """The notes of a MusicXML file, packed (.mxl) or not. Raises NotAScore."""
    root = parse_xml(_unpacked(data) if data[:2] == b"PK" else data)
    if root.name == "score-timewise":
        raise NotAScore("is a MusicXML by measures: save it by parts")
    if root.name != "score-partwise":
        raise NotAScore("is no MusicXML")
    players = {p.attributes.get("id", ""): _Player.of(p) for p in _parts_listed(root)}
    written = [
        _read_part(part, players.get(part.attributes.get("id", ""), _Player()))
        for part in root.all("part")
    ]
    if not any(part.notes for part in written):
        raise NotAScore("holds no notes")
    return notation_of(written)


def _parts_listed(root: Element) -> Iterator[Element]:
    listed = root.one("part-list")
    return listed.all("score-part") if listed else iter(())


def _unpacked(data: bytes) -> bytes:
    """The score in a packed file: the one that its container names, or the first there is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = [n for n in packed.namelist() if not n.startswith("META-INF/")]
            scores = [n for n in names if n.lower().endswith((".musicxml", ".xml"))]
            if not scores:
                raise NotAScore("is packed, and holds no score")
            with packed.open(scores[0]) as file:
                text = file.read(MOST_XML_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError, EOFError) as error:
        if isinstance(error, NotAScore):
            raise
        raise NotAScore("is packed, and damaged") from None
    if len(text) > MOST_XML_BYTES:
        raise NotAScore("is too large")
    return text


@dataclass(frozen=True, slots=True)
class _Player:
    """Who plays a part: the programs of its instruments by their ids, and the one of the rest."""

    programs: dict[str, int] = field(default_factory=dict)
    program: int = UNNAMED

    @classmethod
    def of(cls, part: Element) -> "_Player":
        programs = {}
        for each in part.all("midi-instrument"):
            given = each.number_of("midi-program")
            is_drummed = each.number_of("midi-channel") == 10 or each.one("midi-unpitched")
            program = int(given) - 1 if given and 1 <= given <= 128 else UNNAMED
            programs[each.attributes.get("id", "")] = DRUMS if is_drummed else program
        named = next(iter(programs.values()), UNNAMED)
        if named == UNNAMED:
            names = (
                part.text_of("part-name")
                + " "
                + part.text_of("score-instrument", "instrument-name")
            )
            named = next((n for words, n in _PARTS if re.search(words, names, re.I)), UNNAMED)
        return cls(programs, named)

    def program_of(self, note: Element) -> int:
        instrument = note.one("instrument")
        own = self.programs.get(instrument.attributes.get("id", "")) if instrument else None
        if note.one("unpitched"):
            return DRUMS
        return self.program if own in (None, UNNAMED) else own


def _read_part(part: Element, player: _Player) -> WrittenPart:
    reader = _PartReader(player)
    return WrittenPart([reader.measure(each) for each in part.all("measure")])


class _PartReader:
    """What holds on from measure to measure: divisions, transposition, loudness."""

    def __init__(self, player: _Player) -> None:
        self._player = player
        self._divisions = 1.0
        self._transposed = 0
        self._velocity = USUAL_VELOCITY
        self._endings: frozenset[int] = frozenset()
        self._count = 0

    def measure(self, measure: Element) -> Measure:
        read = Measure()
        at = latest = began = 0.0
        for each in measure.children:
            if each.name == "attributes":
                self._attributes(each, read)
            elif each.name in ("direction", "sound"):
                self._direction(each, at, read)
            elif each.name == "barline":
                self._barline(each, read)
            elif each.name == "backup":
                at = max(0.0, at - self._long(each))
            elif each.name == "forward":
                at += self._long(each)
            elif each.name == "note":
                in_chord = each.one("chord") is not None
                began = began if in_chord else at
                self._note(each, began, read)
                if not in_chord:
                    at += self._long(each)
            latest = max(latest, at)
        read.long = latest
        if self._endings and not read.endings:
            read.endings = self._endings
        if read.ends_ending:
            self._endings = frozenset()
        return read

    def _long(self, element: Element) -> float:
        """A duration in quarters; grace notes have none."""
        return max(0.0, element.number_of("duration") or 0.0) / self._divisions

    def _attributes(self, attributes: Element, read: Measure) -> None:
        divisions = attributes.number_of("divisions")
        if divisions and divisions > 0:
            self._divisions = divisions
        if transpose := attributes.one("transpose"):
            octaves = transpose.number_of("octave-change") or 0
            self._transposed = int((transpose.number_of("chromatic") or 0) + 12 * octaves)
        fifths, mode = attributes.number_of("key", "fifths"), attributes.text_of("key", "mode")
        # The signature of a transposing part is not that of the music.
        if fifths is not None and abs(fifths) <= 7 and not self._transposed:
            read.keys.append((int(fifths), _mode(mode)))
        beats = attributes.number_of("time", "beats")
        unit = attributes.number_of("time", "beat-type")
        if beats and unit:
            read.beat = beat_in_quarters(int(beats), int(unit))

    def _direction(self, direction: Element, at: float, read: Measure) -> None:
        sound = direction if direction.name == "sound" else direction.one("sound")
        said = sound.attributes if sound else {}
        if dynamics := number(said.get("dynamics", "")):
            self._velocity = max(1, min(127, round(dynamics * 0.9)))  # of 90: "a usual forte"
        quarters = number(said.get("tempo", ""))
        if quarters is None and direction.name == "direction":
            quarters = _metronome(direction)
        if quarters and quarters > 0:
            read.tempi.append((at, quarters))

    def _barline(self, barline: Element, read: Measure) -> None:
        if repeat := barline.one("repeat"):
            if repeat.attributes.get("direction") == "forward":
                read.begins_repeat = True
            else:
                times = number(repeat.attributes.get("times", "")) or 2
                read.repeats = int(max(2, min(8, times)))
        if ending := barline.one("ending"):
            rounds = frozenset(
                int(n) for n in re.findall(r"\d", ending.attributes.get("number", ""))
            )
            if ending.attributes.get("type") == "start":
                self._endings = rounds
            else:
                read.ends_ending = True

    def _note(self, note: Element, at: float, read: Measure) -> None:
        if note.one("rest") or note.one("grace") or note.one("cue"):
            return
        self._count += 1
        if self._count > MOST_NOTES:
            raise NotAScore(f"has over {MOST_NOTES} notes")
        program = self._player.program_of(note)
        pitch = 38 if program == DRUMS else self._pitch(note)
        if pitch is None:
            return
        ties = {tie.attributes.get("type") for tie in note.all("tie")}
        read.notes.append(
            WrittenNote(
                at,
                self._long(note),
                pitch,
                self._velocity,
                program,
                "stop" in ties,
                "start" in ties,
            )
        )

    def _pitch(self, note: Element) -> int | None:
        step, octave = note.text_of("pitch", "step"), note.number_of("pitch", "octave")
        if step not in _STEPS or octave is None:
            return None
        alter = note.number_of("pitch", "alter") or 0
        midi = 12 * (int(octave) + 1) + _STEPS[step] + round(alter) + self._transposed
        return midi if 0 <= midi <= 127 else None


def _mode(text: str) -> Mode:
    return "major" if text == "major" else "minor" if text == "minor" else ""


def _metronome(direction: Element) -> float | None:
    """The quarters in a minute that a metronome mark gives."""
    for kind in direction.all("direction-type"):
        per_minute = kind.number_of("metronome", "per-minute")
        unit = _QUARTERS.get(kind.text_of("metronome", "beat-unit"))
        if per_minute and unit:
            return per_minute * unit * (1.5 if kind.one("metronome", "beat-unit-dot") else 1.0)
    return None
