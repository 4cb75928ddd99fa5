"""Is a recording known again in another encoding, louder, mono or cut, and nothing else for it?

    python benchmarks/fingerprint.py [--cache out/real] [--pieces 30] [--minutes 5]

Needs FFmpeg (Debian: ffmpeg). Excerpts of real pieces (real_pieces.py, 2.3 GB at first) are
encoded and changed, and every piece is compared with every other; then 10,000 made fingerprints for
time and memory. Prints the tables of docs/benchmarks.md. What was encoded is kept in the cache: a
run that ends after its minutes goes on where it was.
"""

import argparse
import base64
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import soundfile
import soxr
from real_pieces import fetch

from mmusset.dsp.fingerprint import fingerprint
from mmusset.errors import Unusable
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.recognition import recognition
from mmusset.evidence.sound import Samples, open_sound
from mmusset.sources.recordings import Print, joined, matches

SEED = 16
EXCERPT_S = 70.0  # of a piece, as a piece of its own: longer than what has a fingerprint
CUT_S = 5
CODECS = {
    f"{name} {kbit}": (suffix, *options.split(), "-b:a", f"{kbit}k")
    for name, suffix, options in (
        ("mp3", "mp3", "-c:a libmp3lame"),
        ("aac", "m4a", "-c:a aac"),
        # Its encoder has no 192 kbit/s for mono, or for a low rate.
        ("vorbis", "ogg", "-c:a libvorbis -ar 44100 -ac 2"),
        ("opus", "opus", "-c:a libopus"),
    )
    for kbit in (64, 128, 192, 256, 320)
}
SCALE, PLANTED = 10_000, 500  # made fingerprints, and copies among them
FLIPPED = 0.15  # share of a copy's bits: what a codec at 64 kbit/s and another beginning cost


@dataclass(frozen=True, slots=True)
class Changed:
    """An excerpt's fingerprint after a change, which "original" is not."""

    piece: str
    change: str
    print: Print


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("out/real"), help="what is kept")
    parser.add_argument("--pieces", type=int, default=30, help="that are encoded")
    parser.add_argument("--minutes", type=float, default=600.0, help="after which it ends")
    options = parser.parse_args()
    ends_s = time.monotonic() + 60 * options.minutes
    folder = options.cache / "fingerprints"
    folder.mkdir(parents=True, exist_ok=True)
    pieces = fetch(options.cache)
    whole = list(_whole(pieces, folder, ends_s))
    drawn = random.Random(SEED).sample(pieces, options.pieces)
    changed = [each for piece in drawn for each in _changed(piece, folder, ends_s)]
    if time.monotonic() > ends_s:
        print("not all is encoded yet; the same command goes on")
        return 1
    _print_recall(changed)
    _print_alarms(whole, pieces)
    _print_scale(whole)
    _print_cost(drawn)
    return 0


def _whole(pieces: list[Path], folder: Path, ends_s: float) -> Iterator[Print]:
    """The fingerprint of each piece as a build makes it."""
    for piece in pieces:
        kept = folder / f"{piece.parent.name}-{piece.name}.npz"
        if not kept.exists() and time.monotonic() < ends_s:
            _keep(kept, {"original": _print_of(piece)})
        if kept.exists():
            yield _kept(kept)["original"]


def _changed(piece: Path, folder: Path, ends_s: float) -> list[Changed]:
    """An excerpt of a piece and what became of it, encoded and changed in all ways."""
    name = f"{piece.parent.name}-{piece.name}"
    kept = folder / f"{name}.changed.npz"
    if not kept.exists() and time.monotonic() < ends_s:
        _keep(kept, dict(_changes(piece)))
    return [Changed(name, *each) for each in _kept(kept).items()] if kept.exists() else []


def _changes(piece: Path) -> Iterator[tuple[str, Print]]:
    with MediaFile(piece) as media:
        sound = open_sound(media)
        start_s = max(0.0, (sound.duration_s - EXCERPT_S) / 2)
        samples, rate_hz = sound.window(start_s, EXCERPT_S), sound.rate_hz
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "original.wav"
        cut = samples[CUT_S * rate_hz :]
        variants = {
            "original": samples,
            "6 dB louder": samples * 2,
            "6 dB softer": samples / 2,
            "mono": samples.mean(axis=1, keepdims=True),
            "first 5 s cut": cut,
            "last 5 s cut": samples[: -CUT_S * rate_hz],
            "a quarter of a semitone up": _higher(samples, 0.25),
            "half a semitone up": _higher(samples, 0.5),
        }
        for change, variant in variants.items():
            file = original if change == "original" else original.with_name("changed.wav")
            soundfile.write(file, variant.clip(-1, 1), rate_hz)
            yield change, _print_of(file)
        for change, (suffix, *codec) in CODECS.items():
            yield change, _print_of(_encoded(original, suffix, codec))
        soundfile.write(original, cut.mean(axis=1), rate_hz)
        last = _encoded(original, "mp3", ["-c:a", "libmp3lame", "-b:a", "64k"])
        yield "mp3 64, mono, first 5 s cut", _print_of(last)


def _encoded(wav: Path, suffix: str, codec: list[str]) -> Path:
    file = wav.with_name(f"encoded.{suffix}")
    command = ["ffmpeg", "-v", "error", "-y", "-threads", "1", "-i", wav, *codec, file]
    subprocess.run(command, check=True)
    return file


def _higher(samples: Samples, semitones: float) -> Samples:
    """As a turntable that runs faster gives it."""
    return soxr.resample(samples, 2 ** (semitones / 12), 1)


def _print_of(file: Path) -> Print:
    try:
        with MediaFile(file) as media:
            sound = open_sound(media)
            words = base64.b64decode(recognition(sound)[1])
            return Print(np.frombuffer(words, "<u4"), sound.duration_s)
    except Unusable:
        return Print(np.zeros(0, np.uint32), 0.0)


def _keep(file: Path, prints: dict[str, Print]) -> None:
    arrays = {name: np.append(each.words, np.uint32(0)) for name, each in prints.items()}
    lengths = {f"{name} s": np.array(each.duration_s) for name, each in prints.items()}
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, **arrays, **lengths)
    partial.replace(file)


def _kept(file: Path) -> dict[str, Print]:
    with np.load(file) as arrays:
        names = [name for name in arrays.files if not name.endswith(" s")]
        return {
            name: Print(arrays[name][:-1].astype(np.uint32), float(arrays[f"{name} s"]))
            for name in names
        }


# --- the tables -----------------------------------------------------------------------------


def _print_recall(changed: list[Changed]) -> None:
    found = matches([each.print for each in changed])
    by_piece: dict[str, list[int]] = {}
    for place, each in enumerate(changed):
        by_piece.setdefault(each.piece, []).append(place)
    known = {(match.one, match.other): match.differing for match in found}
    print(f"Of {len(by_piece)} excerpts of {EXCERPT_S:g} s:\n")
    print("| change | known again | differing, at most |\n|---|---:|---:|")
    for change in dict.fromkeys(each.change for each in changed):
        if change != "original":
            pairs = [(p[0], at) for p in by_piece.values() for at in p if _is(changed, at, change)]
            scores = [known[pair] for pair in pairs if pair in known]
            worst = f"{max(scores):.2f}" if scores else ""
            print(f"| {change} | {len(scores)} of {len(pairs)} | {worst} |")
    false = [m for m in found if changed[m.one].piece != changed[m.other].piece]
    print(f"\nof {len(found)} matches between two excerpts' versions {len(false)} are false\n")


def _is(changed: list[Changed], place: int, change: str) -> bool:
    return changed[place].change == change


def _print_alarms(whole: list[Print], pieces: list[Path]) -> None:
    found = matches(whole)
    games = [piece.parent.name for piece in pieces]
    within = sum(games[one] == games[other] for one, other in combinations(range(len(whole)), 2))
    pairs = len(whole) * (len(whole) - 1) // 2
    print(f"{pairs} pairs of {len(whole)} pieces, {within} of one game; taken for one recording:\n")
    for match in found:
        names = (f"{p.parent.name}/{p.name}" for p in (pieces[match.one], pieces[match.other]))
        print(f"  {match.differing:.2f} {' = '.join(names)}")


def _print_scale(whole: list[Print]) -> None:
    dice = np.random.default_rng(SEED)
    pool = [each.words for each in whole if len(each.words) > 600]
    made = [_made(pool, dice) for _ in range(SCALE - PLANTED)]
    copies = [_copy(made[place], dice) for place in range(PLANTED)]
    begun_s, before = time.process_time(), _peak_mb()
    found = matches([*made, *copies])
    wanted = {(place, SCALE - PLANTED + place) for place in range(PLANTED)}
    right = sum((match.one, match.other) in wanted for match in found)
    kept = sum(each.words.nbytes for each in made) / 1e6
    print(
        f"\n{SCALE} made fingerprints ({kept:.0f} MB): {time.process_time() - begun_s:.0f} CPU-s,"
        f" {_peak_mb() - before:.0f} MB more at most; {right} of {PLANTED} copies found,"
        f" {len(found) - right} other pairs; {len(joined(found))} join"
    )


def _made(pool: list[np.ndarray], dice: np.random.Generator) -> Print:
    """Words of real fingerprints in a new order: as unlike as pieces, as common in words."""
    parts = [pool[dice.integers(len(pool))] for _ in range(352)]
    words = np.concatenate([part[(at := dice.integers(len(part) - 2)) : at + 2] for part in parts])
    return Print(words, float(dice.uniform(60, 400)))


def _copy(original: Print, dice: np.random.Generator) -> Print:
    """As a codec and another beginning leave it: bits flipped, up to five seconds cut."""
    flips = (dice.random((len(original.words), 32)) < FLIPPED).astype(np.uint8)
    mask = np.packbits(flips, axis=1).view(">u4")[:, 0].astype(np.uint32)
    cut = int(dice.integers(78))
    return Print((original.words ^ mask)[cut:], original.duration_s - cut / 15.6)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print_cost(pieces: list[Path]) -> None:
    two_s = stretch_s = of_words_s = 0.0
    for piece in pieces:
        with MediaFile(piece) as media:
            sound = open_sound(media)
            at_s = max(0, int(sound.duration_s / 2) - 1)
            begun_s = time.process_time()
            sound.window(at_s, 2.0)
            read_s = time.process_time()
            recognition(sound)
            done_s = time.process_time()
            samples = sound.window(at_s, 45.0)
            decoded_s = time.process_time()
            fingerprint(samples, sound.rate_hz)
            of_words_s += time.process_time() - decoded_s
        two_s, stretch_s = two_s + read_s - begun_s, stretch_s + done_s - read_s
    count = len(pieces)
    print(
        f"\nCPU a piece: {1e3 * two_s / count:.0f} ms for the two seconds alone,"
        f" {1e3 * stretch_s / count:.0f} ms with the fingerprint, of which"
        f" {1e3 * of_words_s / count:.0f} ms are its words and the rest decoding"
    )


if __name__ == "__main__":
    sys.exit(main())
