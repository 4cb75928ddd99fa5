"""What can be measured on a clip of music."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.dsp.loudness import peak_dbfs
from mmusset.measured import Measured
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.evidence import MusicEvidence

from .piece import PieceEvidence

Floats = NDArray[np.float32]


def measure(
    samples: Floats,
    rate_hz: int,
    silence_dbfs: float = -60.0,
    piece: PieceEvidence | None = None,
) -> MusicEvidence:
    """Evidence on a clip: `samples` float32 `[frames, 1 or 2]`, -1 to 1, finite, 2 to 60 s.

    With `piece`, what was measured on the piece that the clip is from (`piece.measure`), tempo
    and key are the piece's, as far as the clip's own sound bears them.

    Silence is RMS under `silence_dbfs` over 50 ms. A silent clip gets confidence 0
    throughout. Swapping the channels changes no digit that is kept (`rounding.py`); gain moves
    only the levels.
    Raises ValueError where the shape is another or the clip is shorter than 0.4 s.
    """
    return measure_signal(ClipSignal(samples, rate_hz, silence_dbfs), piece)


def measure_signal(signal: ClipSignal, piece: PieceEvidence | None = None) -> MusicEvidence:
    """The same of a clip of which some may be computed already."""
    measured = {each.field: each.measure(signal) for each in MEASUREMENTS if each.measure}
    settled = _settled(measured, piece) if piece and signal.audible_share > 0 else {}
    whole = {
        "duration_s": signal.duration_s,
        "peak_dbfs": peak_dbfs(signal.samples),
        "silence_share": Measured(value=signal.silence_share, confidence=1.0),
    }
    return MusicEvidence.model_validate(measured | settled | whole)


def _settled(measured: dict[str, Any], piece: PieceEvidence) -> dict[str, Any]:
    return {
        each.field: each.settle(measured[each.field], piece[each.field])
        for each in MEASUREMENTS
        if each.settle and each.field in piece
    }
