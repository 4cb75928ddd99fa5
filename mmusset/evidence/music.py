"""What can be measured on a clip of music."""

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.dsp.loudness import peak_dbfs
from mmusset.measured import Measured
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample import MusicEvidence

Floats = NDArray[np.float32]


def measure(samples: Floats, rate_hz: int, silence_dbfs: float = -60.0) -> MusicEvidence:
    """Evidence on a clip: `samples` float32 `[frames, 1 or 2]`, -1 to 1, finite, 2 to 60 s.

    Silence is RMS under `silence_dbfs` over 50 ms. A silent clip gets confidence 0
    throughout. Swapping the channels changes nothing; gain moves only the levels.
    Raises ValueError where the shape is another or the clip is shorter than 0.4 s.
    """
    signal = ClipSignal(samples, rate_hz, silence_dbfs)
    measured = {each.field: each.measure(signal) for each in MEASUREMENTS if each.measure}
    whole = {
        "duration_s": signal.duration_s,
        "peak_dbfs": peak_dbfs(samples),
        "silence_share": Measured(value=signal.silence_share, confidence=1.0),
    }
    return MusicEvidence.model_validate(measured | whole)
