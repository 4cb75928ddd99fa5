"""Real scores of music21's corpus as lists of notes, for `calibrate.py` to render.

    python -m venv out/music21 && out/music21/bin/pip install music21
    out/music21/bin/python benchmarks/corpus.py out/bench/corpus.json

music21 is wanted here alone, in an environment of its own. Of each score is kept what the
notation says for sure: notes in beats, the beat, and the key where its signature and the last
note of the bass agree on it.
"""

import json
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from music21 import corpus, note, stream

COLLECTIONS = {  # how many scores of each, or as many as there are
    **{"bach": 170, "ryansMammoth": 170, "essenFolksong": 70, "airdsAirs": 30, "oneills1850": 39},
    **{"monteverdi": 40, "mozart": 16, "haydn": 9, "beethoven": 20},
}
LARGEST_BYTES = 60_000  # of a file with one score: larger ones take a minute to read
TUNES = re.compile(r"^X:\s*(\d+)", re.MULTILINE)  # the numbers of the tunes in a file of ABC
BEATS = {"4/4": 4, "2/4": 2, "3/4": 3, "6/8": 2, "12/8": 4, "9/8": 3}  # of a bar
QUARTERS_IN_A_BEAT = {"6/8": 1.5, "12/8": 1.5, "9/8": 1.5}
LEAST_BEATS, MOST_BEATS = 14, 100  # of a window


def main() -> int:
    scores: list[dict[str, object]] = []
    for name, count in COLLECTIONS.items():
        kept = 0
        for title, path, number in drawn(name)[: 3 * count]:
            if kept == count:
                break
            try:
                found = list(read(path, number))
            except Exception as error:  # noqa: BLE001
                print(f"{title}: {type(error).__name__}", file=sys.stderr)
                continue
            scores += [{"name": f"{name}/{title}", **window} for window in found]
            kept += bool(found)
        print(name, kept, file=sys.stderr, flush=True)
        Path(sys.argv[1]).write_text(json.dumps(scores))
    return 0


def drawn(collection: str) -> list[tuple[str, Path, int | None]]:
    """Titles, files and numbers of the tunes in them, in a random order that stays the same."""
    found: dict[str, tuple[str, Path, int | None]] = {}
    for path in map(Path, corpus.getComposer(collection)):
        below = path.with_suffix("").parts
        title = "-".join(below[below.index(collection) + 1 :])
        tunes = TUNES.findall(path.read_text(errors="replace")) if path.suffix == ".abc" else []
        if len(tunes) > 1:
            named = {f"{title}-{number}": int(number) for number in tunes}
            found |= {name: (name, path, number) for name, number in named.items()}
        elif path.suffix != ".rntxt" and path.stat().st_size <= LARGEST_BYTES:
            found.setdefault(title, (title, path, None))  # some are there in two formats
    return sorted(found.values(), key=lambda each: zlib.crc32(f"{collection}/{each[0]}".encode()))


def read(path: Path, number: int | None) -> Iterator[dict[str, object]]:
    """The first beats of a score and its last, or all of a short one; none where it does not fit.

    `opens` and `closes` say whether a window has the beginning and the end, where the key is sure.
    """
    parsed = corpus.parse(path, number=number)
    score = parsed.scores[0] if isinstance(parsed, stream.Opus) else parsed
    meters = score.flatten().getElementsByClass("TimeSignature")
    signatures = score.flatten().getElementsByClass("KeySignature")
    names = {meter.ratioString for meter in meters}
    if len(names) != 1 or not signatures or (meter := names.pop()) not in BEATS:
        return
    quarters = QUARTERS_IN_A_BEAT.get(meter, 1.0)
    parts = [notes_of(part, quarters) for part in (score.parts or [score])]
    parts = [part for part in parts if part][:6]
    end = max((one[0] + one[1] for part in parts for one in part), default=0.0)
    if end < LEAST_BEATS:
        return
    sharps = {signature.sharps for signature in signatures}
    key = key_of(sharps.pop(), parts) if len(sharps) == 1 else None
    last = max(0, int(end) - MOST_BEATS)
    for start in sorted({0, last}):
        window = [
            [[at - start, long, pitch] for at, long, pitch in part if 0 <= at - start < MOST_BEATS]
            for part in parts
        ]
        whole = {"beats": BEATS[meter], "key": key, "opens": start == 0, "closes": start == last}
        yield {**whole, "parts": [part for part in window if part]}


def notes_of(part: stream.Stream, quarters: float) -> list[list[float]]:
    """`[start, length, MIDI pitch]` of each note, in beats."""
    found = []
    for one in part.flatten().stripTies().notes:
        pitches = [one.pitch] if isinstance(one, note.Note) else one.pitches
        if one.quarterLength > 0:
            start, length = float(one.offset) / quarters, float(one.quarterLength) / quarters
            found += [[start, length, pitch.midi] for pitch in pitches]
    return found


def key_of(sharps: int, parts: list[list[list[float]]]) -> list[object] | None:
    """`[tonic, mode]` where the lowest of the last notes is the tonic of the signature."""
    last = max(one[0] for part in parts for one in part)
    bass = min(one[2] for part in parts for one in part if one[0] >= last - 0.01)
    major = sharps * 7 % 12
    return {major: [major, "major"], (major + 9) % 12: [(major + 9) % 12, "minor"]}.get(
        int(bass) % 12
    )


if __name__ == "__main__":
    sys.exit(main())
