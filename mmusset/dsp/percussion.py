"""Whether drums play, as far as the spectrum can tell."""

import numpy as np
from numpy.typing import NDArray

from mmusset import calibrated
from mmusset.measured import Measured

from .onsets import Onsets
from .spectrum import Spectrum

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LOW_HZ, HIGH_HZ = 200.0, 7000.0  # up to what a clip of 16 kHz holds
KICK_HZ, PITCHED_HZ, HISS_HZ = (40.0, 120.0), (400.0, 1200.0), (3500.0, 7000.0)
AUDIBLE = 1e-4  # frames under this share of the loudest frame's power are left out
NOTHING = 1e-11  # of the loudest frame's power, in one bin
CUT = 1e-9  # of the strongest frequency's power: music has more than this, what was cut has less
TINY, LEAST_SHARE = 1e-12, 1e-3  # of power; of a band's mean, in each bin
LEAST_FLAT, MOST_FLAT = 1e-4, 0.04  # what is beyond tells no more
UNHEARD_DB, HEARD_DB = -40.0, -15.0  # of what is new, that which lies above 3.5 kHz
NOTHING_NEW = 1e-9  # of a frame's mean, in each bin
FEW = 3  # onsets: with less of them nothing drums
BEFORE, AFTER = 4, 12  # frames that an onset needs around it


def percussiveness(spectrum: Spectrum, onsets: Onsets) -> Measured:
    """The probability that drums play, 0 to 1; confidence is that of the likelier answer.

    Confidence is 0 where nothing sounds, where what sounds has no attacks (steady noise is as flat
    as a drum), and where all above some frequency under 7 kHz was cut off, as in what comes from a
    telephone: drums sound like none there.
    """
    if not spectrum.power.any():
        return Measured(value=0.0, confidence=0.0)
    values = features(spectrum, onsets)
    value = calibrated.PERCUSSION(values) if values else 0.0
    can_tell = has_treble(spectrum) and onsets.attack_share > 0
    return Measured(value=value, confidence=max(value, 1 - value) if can_tell else 0.0)


def features(spectrum: Spectrum, onsets: Onsets) -> tuple[float, float, float, float] | None:
    """What tells drums from other attacks, by what is new in the spectrum at onsets.

    Flatness from 3.5 to 7 kHz where it is highest (snares and cymbals are noise; a plucked
    string has partials there), flatness of the whole clip, flatness from 400 to 1,200 Hz where
    it is lowest, and the share below 120 Hz where it is highest (a kick). None with few onsets.
    """
    frames = heard_around(onsets)
    if len(frames) < FEW:
        return None
    power = spectrum.power
    before = (power[frames - 4] + power[frames - 3]) / 2
    new = np.maximum((power[frames] + power[frames + 1]) / 2 - before, 0)
    kick = _band(spectrum, new, KICK_HZ).sum(axis=1) / (new.sum(axis=1) + TINY)
    return (
        float(np.percentile(_flat(_band(spectrum, new, HISS_HZ)), 90)),
        float(np.log10(_flatness(spectrum) + LEAST_FLAT)),
        min(MOST_FLAT, float(np.percentile(_flat(_band(spectrum, new, PITCHED_HZ)), 10))),
        float(np.log10(np.percentile(kick, 90) + 1e-6)),
    )


def heard_around(onsets: Onsets) -> NDArray[np.intp]:
    """The frames where notes begin that have enough frames around them."""
    frames = onsets.frames
    return frames[(frames > BEFORE) & (frames < len(onsets.strength) - AFTER)]


def onset_features(spectrum: Spectrum, onsets: NDArray[np.intp], ringing: int) -> Doubles:
    """What tells each of these onsets from one without drums, `[onsets, 4]`.

    Flatness of what is new from 3.5 to 7 kHz, as far as that is heard beside the rest: an attack
    without any noise is flat there too, far below. Flatness of what is new from 400 to 1,200 Hz;
    the share of it below 120 Hz; and flatness of `ringing` frames from the onset on.
    """
    power = spectrum.power
    before = (power[onsets - 4] + power[onsets - 3]) / 2
    new = np.maximum((power[onsets] + power[onsets + 1]) / 2 - before, 0)
    total = new.sum(axis=1) + TINY
    hiss = _band(spectrum, new, HISS_HZ)
    hiss_db = 10 * np.log10(hiss.sum(axis=1) / total + LEAST_FLAT)
    ringings = _band(spectrum, power, (LOW_HZ, HIGH_HZ))
    flats = [_flat(ringings[onset : onset + ringing], NOTHING_NEW).mean() for onset in onsets]
    kick = _band(spectrum, new, KICK_HZ).sum(axis=1) / total
    columns = (
        _flat(hiss) * np.clip((hiss_db - UNHEARD_DB) / (HEARD_DB - UNHEARD_DB), 0, 1),
        np.minimum(MOST_FLAT, _flat(_band(spectrum, new, PITCHED_HZ))),
        np.log10(kick + LEAST_FLAT),
        np.log10(np.array(flats) + LEAST_FLAT),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _band(spectrum: Spectrum, power: Floats, band_hz: tuple[float, float]) -> Floats:
    first, last = np.searchsorted(spectrum.frequencies_hz, band_hz)
    return power[:, first:last]


def _flat(power: Floats, least_share: float = LEAST_SHARE) -> Floats:
    """Geometric over arithmetic mean of each row: 1 for what is flat, near 0 for partials."""
    mean = power.mean(axis=1) + np.float32(TINY)
    floor = np.float32(least_share) * mean[:, None]
    return np.asarray(np.exp(np.log(power + floor).mean(axis=1)) / mean)


def has_treble(spectrum: Spectrum) -> bool:
    """Whether drums could be told here: nothing under 7 kHz was cut off."""
    return bool(spectrum.power.any()) and _highest_hz(spectrum) >= HIGH_HZ


def _highest_hz(spectrum: Spectrum) -> float:
    """The highest frequency with anything in it."""
    over_time = spectrum.power.mean(axis=0)
    return float(spectrum.frequencies_hz[over_time > over_time.max() * CUT][-1])


def _flatness(spectrum: Spectrum) -> float:
    """Geometric over arithmetic mean of the power from 200 Hz to 7 kHz, mean over frames."""
    frequencies_hz = spectrum.frequencies_hz
    first, last = np.searchsorted(frequencies_hz, [LOW_HZ, HIGH_HZ])
    power = spectrum.power[:, first:last]
    total = power.sum(axis=1)
    loudest = total.max()
    heard = power[total > AUDIBLE * loudest] + loudest * np.float32(NOTHING)
    return float(np.mean(np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)))
