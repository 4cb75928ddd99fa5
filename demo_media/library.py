"""A library of random pieces for training: each with a landscape that looks as it sounds.

Fast pieces have warm colours and slow ones cold, loud ones are saturated, bright ones light, and
pieces with drums are full of trees. So a picture tells something of its music, which a model can
learn and a benchmark can count. Loudness and tone are drawn anew for each piece.
"""

import math
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import scores
from mastering import Sound, mastered
from PIL import Image
from scenes import Traits, scene

from mmusset.evidence.music import measure
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.sample_parts.evidence import MusicEvidence

SECONDS = 11.0
PIECES_OF_ONE = 3  # of one folder, so of one group: splits have to keep them together
TILT = 0.6  # of an octave's gain in powers of 2, at the most, up or down
TILT_AROUND_HZ = 700.0
# What is drawn at 0 and at 1.
TEMPO_BPM = (60.0, 180.0)
LOUDNESS_LUFS = (-33.0, -9.0)
BRIGHTNESS_HZ = (200.0, 2500.0)


def make_library(out: Path, pieces: int) -> None:
    """Write `pieces` pieces of 11 s as FLAC, and their pictures, into folders of three."""
    with ProcessPoolExecutor() as processes:
        for _ in processes.map(partial(make_piece, out), range(pieces)):
            pass


def make_piece(out: Path, seed: int) -> None:
    """Piece `seed`: its sound and its picture."""
    import soundfile

    piece = scores.random_piece(seed)
    rng = np.random.default_rng(seed)
    folder = out / f"{seed // PIECES_OF_ONE:04d}"
    folder.mkdir(parents=True, exist_ok=True)
    wav = folder / f"{seed:05d}.wav"
    scores.render(scores.compose(piece), wav, gain=0.3)
    sound, rate_hz = soundfile.read(wav)
    wav.unlink()
    sound = tilted(sound[: round(SECONDS * rate_hz)], rate_hz, rng.uniform(-TILT, TILT))
    sound = mastered(sound, rate_hz, rng.uniform(*LOUDNESS_LUFS))
    heard = measure(sound.astype(np.float32), rate_hz)
    soundfile.write(wav.with_suffix(".flac"), sound, rate_hz, subtype="PCM_16")
    busyness = rng.uniform(0.6, 1.0) if piece.drums else rng.uniform(0.0, 0.2)
    picture = landscape(heard, piece.tempo_bpm, busyness, f"library {seed}")
    picture.save(wav.with_suffix(".jpg"), quality=88)


def landscape(heard: MusicEvidence, tempo_bpm: float, busyness: float, name: str) -> Image.Image:
    """The picture of a piece by what is measured on it, its tempo and how full of trees it is."""
    traits = Traits(
        warmth=_share(tempo_bpm, TEMPO_BPM),
        saturation=_share(heard[LOUDNESS].value, LOUDNESS_LUFS),
        light=_share(math.log(heard[BRIGHTNESS].value), tuple(map(math.log, BRIGHTNESS_HZ))),
        busyness=busyness,
    )
    return scene(traits, name)


def tilted(sound: Sound, rate_hz: int, tilt: float) -> Sound:
    """The sound with each octave `tilt` times 6 dB louder than the one below."""
    frequencies_hz = np.fft.rfftfreq(len(sound), 1 / rate_hz).clip(40, 12000)
    gain = (frequencies_hz / TILT_AROUND_HZ) ** tilt
    return np.fft.irfft(np.fft.rfft(sound, axis=0) * gain[:, None], len(sound), axis=0)


def _share(value: float, ends: tuple[float, ...]) -> float:
    return float(np.clip((value - ends[0]) / (ends[1] - ends[0]), 0, 1))
