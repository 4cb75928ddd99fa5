"""What a CLAP listens to in tests: two kinds of sound that even random weights tell apart, and a
card that makes something of its scores."""

import csv
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmusset.ears.calibration import CalibrationCard
from mmusset.ears.card_folder import write_card
from mmusset.ears.clap.ear import with_weights
from mmusset.ears.worth import LabelWorth
from mmusset.recipe_parts.listening import ClapPart

from .tiny_musflow_models import make_clap

RATE_HZ = 48000
# With this seed the tiny model's scores for a xylophone lie above 0.56 for buzzes and under it for
# hisses. That it is a xylophone is chance: nobody has taught it anything.
HEARING_SEED = 2
XYLOPHONE_FROM = 0.559


def tiny_clap(folder: Path, collapsed: bool = False) -> Path:
    """A CLAP of random weights that gives the two kinds of sound unlike scores."""
    return make_clap(folder, HEARING_SEED, collapsed=collapsed)


def buzz(number: int, seconds: float = 2.0) -> NDArray[np.float32]:
    """A tone with two overtones; each number another one."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = [np.sin(2 * np.pi * (200 + 7 * number) * k * time_s) / k for k in (1, 2, 3)]
    return (0.15 * np.sum(tones, axis=0)).astype(np.float32)


def hiss(number: int, seconds: float = 2.0) -> NDArray[np.float32]:
    """Noise; each number another one."""
    random = np.random.default_rng(number)
    return (0.12 * random.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def buzzes_and_hisses(folder: Path, count: int) -> Path:
    """A folder of so many clips of each kind, and its table: buzzes are of a xylophone."""
    folder.mkdir(parents=True)
    with (folder / "truth.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "instruments"])
        for number in range(count):
            soundfile.write(folder / f"buzz {number}.wav", buzz(number), RATE_HZ)
            soundfile.write(folder / f"hiss {number}.wav", hiss(number), RATE_HZ)
            table.writerows([[f"buzz {number}.wav", "xylophone"], [f"hiss {number}.wav", "none"]])
    return folder


def toy_card(folder: Path, model: Path, *labels: LabelWorth) -> Path:
    """A card of that model which says that these labels are worth so much."""
    card = CalibrationCard(
        ear="clap",
        model=with_weights(ClapPart(model=str(model))).version,
        made_on="nothing: it is a toy",
        clips=2200,
        right=0.9,
        wrong=0.1,
        labels=labels,
    )
    write_card(folder, card)
    return folder


def worth_from(label: str, gate: float) -> LabelWorth:
    """A label that is hardly ever wrong from that score on."""
    return LabelWorth(label=label, gate=gate, positives=200, found=198, negatives=2000, false=0)
