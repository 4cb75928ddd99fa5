"""What ears make of a clip: levelled, listened to, rounded and calibrated."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.sample_parts.evidence import Heard

from .declaration import Ear
from .listed import EARS

Floats = NDArray[np.float32]

# Taggers take loud music for other music: what is heard is not to follow the volume.
LEVEL_DBFS = -18.0


def hear(samples: Floats, rate_hz: int, ears: Sequence[Ear], silence_dbfs: float = -60.0) -> Heard:
    """What each ear that listens in this process makes of `samples` `[frames, 1 or 2]`.

    Gain changes nothing. Of a silent clip every score is 0. Raises ValueError where an ear gives
    other labels than it has, or what is no number.
    """
    signal = ClipSignal(samples, rate_hz, silence_dbfs)
    heard: Heard = {}
    for ear in ears:
        if ear.listen is None:
            continue
        if signal.audible_share == 0:
            scores = {label.name: 0.0 for label in ear.labels}
        else:
            scores = dict(ear.listen(levelled(signal, ear.rate_hz)))
        if scores.keys() != {label.name for label in ear.labels}:
            raise ValueError(f"ear {ear.name} gives {sorted(scores)}, which are not its labels")
        if not all(np.isfinite(score) for score in scores.values()):
            raise ValueError(f"ear {ear.name} gives scores that are no numbers")
        heard[ear.name] = {label.name: label.heard(scores[label.name]) for label in ear.labels}
    return heard


def opened(ear: Ear, model: str) -> Ear:
    """An ear whose model is heavy, with that of a folder in memory. Raises MmussetError where it
    can't be used."""
    assert ear.opens
    return replace(ear, model=model, opens=None, listen=ear.opens(model))


def valued(heard: Heard) -> Heard:
    """What was heard, with the probabilities of the ears that are listed here: the process that
    listens does not know their calibration."""
    return {
        name: {
            label: ear_label.heard(each.score) if (ear_label := ear.label(label)) else each
            for label, each in labels.items()
        }
        for name, labels in heard.items()
        if (ear := EARS.named(name))
    }


def levelled(signal: ClipSignal, rate_hz: int) -> Floats:
    """A clip as ears get it: one channel at this rate, at -18 dBFS RMS; silence stays silent."""
    mono = signal.mono_at(rate_hz).astype(np.float64)
    rms = float(np.sqrt(np.mean(np.square(mono))))
    gain = 10 ** (LEVEL_DBFS / 20) / rms if rms > 0 else 0.0
    return np.asarray(mono * gain, dtype=np.float32)


def mono_at(
    samples: Floats, rate_hz: int, wanted_hz: int, silence_dbfs: float = -60.0
) -> Floats | None:
    """A clip as ears get it; None of a silent one."""
    signal = ClipSignal(samples, rate_hz, silence_dbfs)
    return levelled(signal, wanted_hz) if signal.audible_share > 0 else None


def voice_in(heard: Heard, ears: Sequence[Ear]) -> tuple[float, float]:
    """How sure the surest of these ears is that somebody sings, and its score."""
    return max(
        (heard[ear.name][label.name].probability, heard[ear.name][label.name].score)
        for ear in ears
        for label in ear.labels
        if label.attribute == "vocals" and label.value != "absent"
    )
