"""A little dataset to evaluate on, sounds that anybody may have made for it, and an ear that needs
no download."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmusset.evaluation.ears import EARS, EarOfEvaluation, OpenEar
from mmusset.evaluation.evaluate import evaluate
from mmusset.evaluation.settings import EvaluationSettings
from mmusset.progress import Progress

from .musflow_parts import dataset, flac
from .samples import sample

Floats = NDArray[np.float32]
RATE_HZ, SECONDS, CLIPS = 8000, 1.0, 16
BANDS = 6


def is_loud(number: int) -> bool:
    return number % 2 == 0


def tone(number: int, loud: bool, seconds: float = SECONDS) -> Floats:
    """A melody of four tones, loud or quiet: `[frames, 1]`."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = 200.0 * 2 ** (((0.71 * number * (1 + (4 * time_s).astype(int))) % 12) / 12)
    wave = (0.5 if loud else 0.01) * np.sin(2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ)
    return np.asarray(wave[:, None], dtype=np.float32)


def evaluated_dataset(folder: Path) -> Path:
    """16 test clips, whose captions say loud or quiet as they are, each its own group; and four to
    train on."""

    def one(number: int, split: str) -> object:
        word = "loud" if is_loud(number) else "quiet"
        made = sample(number)
        caption = made.quadruple.caption.model_copy(update={"text": f"A {word} piece."})
        return replace(
            made,
            quadruple=made.quadruple.model_copy(update={"caption": caption, "split": split}),
            music_flac=flac(tone(number, is_loud(number)), RATE_HZ),
        )

    test = [one(number, "test") for number in range(CLIPS)]
    train = [one(100 + number, "train") for number in range(4)]
    folder.mkdir()
    return dataset(folder, test_0=test, train_0=train)  # type: ignore[arg-type]


def given_sounds(folder: Path, sound: Callable[[int], Floats], name: str = "{}.flac") -> Path:
    """A file for each test clip, named by its key."""
    folder.mkdir()
    for number in range(CLIPS):
        soundfile.write(folder / name.format(f"k{number:05d}"), sound(number), RATE_HZ)
    return folder


def open_bands(model: str, device: str) -> OpenEar:
    """An ear that hears how much of a sound is in which band, and how even; of its two tags one
    tells loud from quiet."""

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        frames = np.resize(sound.mean(axis=1), (16, len(sound) // 16))
        power = np.abs(np.fft.rfft(frames)) ** 2
        bands = np.stack([part.mean(axis=1) for part in np.array_split(power, BANDS, axis=1)])
        levels = np.log10(bands + 1e-9)
        levels = levels - levels.mean()
        loudness = 1 / (1 + np.exp(-20 * (np.sqrt(np.mean(np.square(sound))) - 0.1)))
        vector = np.concatenate([levels.mean(axis=1), levels.std(axis=1)])
        return vector.astype(np.float32), np.array([loudness, 0.5], dtype=np.float32)

    return OpenEar("bands/1", hear)


BANDS_EAR = EarOfEvaluation(
    name="bands",
    about="levels of bands, for tests",
    pretrained=False,
    level="as it is",
    opens=open_bands,
    has_tags=True,
)


def evaluated_sounds(folder: Path) -> Path:
    """The folder of an evaluation of tones as loud as they should be, by one seed and one ear."""
    good = given_sounds(folder / "good", lambda n: tone(n + 50, is_loud(n)))
    settings = EvaluationSettings(
        data=str(evaluated_dataset(folder / "data")),
        sounds=(("good", str(good)),),
        seeds=1,
        ears=("bands",),
    )
    with EARS.added(BANDS_EAR):
        evaluate(settings, folder / "evaluation", Progress(), print)
    return folder / "evaluation"
