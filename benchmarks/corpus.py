"""Real scores of music21's corpus as lists of notes, for `calibrate.py` to render.

    python -m venv out/music21 && out/music21/bin/pip install music21
    out/music21/bin/python benchmarks/corpus.py out/bench/corpus.json

music21 is wanted here alone, in an environment of its own. Of each score is kept what the
notation says for sure: notes in beats, the beat, and the key where its signature and the last
note of the bass agree on it.
"""

import json
import random
import sys
from pathlib import Path

from music21 import corpus, note, stream

COLLECTIONS = {  # how many scores of each
    "bach": 48,
    "ryansMammoth": 36,
    "mozart": 14,
    "haydn": 10,
    "joplin": 8,
    "corelli": 8,
    "leadSheet": 6,
    "beethoven": 6,
}
LARGEST_BYTES = 150_000  # of a file: the first movement of a quartet takes a minute to read
BEATS = {"4/4": 4, "2/4": 2, "3/4": 3, "6/8": 2, "12/8": 4, "9/8": 3}  # of a bar
QUARTERS_IN_A_BEAT = {"6/8": 1.5, "12/8": 1.5, "9/8": 1.5}
MOST_BEATS = 40


def main() -> int:
    scores = []
    for name, count in COLLECTIONS.items():
        rng = random.Random(name)
        paths = sorted(corpus.getComposer(name), key=str)
        order = sorted(paths, key=lambda _: rng.random())
        kept = 0
        for path in order[: 4 * count]:
            if kept == count:
                break
            if Path(path).stat().st_size > LARGEST_BYTES:
                continue
            try:
                found = read(path, rng)
            except Exception as error:  # noqa: BLE001
                print(f"{path}: {type(error).__name__}", file=sys.stderr)
                continue
            if found:
                scores.append({"name": f"{name}/{Path(path).stem}", **found})
                kept += 1
        print(name, kept, file=sys.stderr, flush=True)
        Path(sys.argv[1]).write_text(json.dumps(scores))
    return 0


def read(path: object, rng: random.Random) -> dict[str, object] | None:
    """The first or the last beats of a score; None where it does not fit."""
    parsed = corpus.parse(path)
    score = parsed.scores[0] if isinstance(parsed, stream.Opus) else parsed
    meters = score.flatten().getElementsByClass("TimeSignature")
    signatures = score.flatten().getElementsByClass("KeySignature")
    names = {meter.ratioString for meter in meters}
    if len(names) != 1 or not signatures or (meter := names.pop()) not in BEATS:
        return None
    quarters = QUARTERS_IN_A_BEAT.get(meter, 1.0)
    parts = [notes_of(part, quarters) for part in (score.parts or [score])]
    parts = [part for part in parts if part][:6]
    if not parts:
        return None
    end = max(one[0] + one[1] for part in parts for one in part)
    if end < 14:
        return None
    sharps = {signature.sharps for signature in signatures}
    key = key_of(sharps.pop(), parts) if len(sharps) == 1 else None
    start = 0.0 if rng.random() < 0.5 or end < MOST_BEATS else float(int(end) - MOST_BEATS)
    window = [
        [[at - start, long, pitch] for at, long, pitch in part if start <= at < start + MOST_BEATS]
        for part in parts
    ]
    return {"beats": BEATS[meter], "key": key, "parts": [part for part in window if part]}


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
