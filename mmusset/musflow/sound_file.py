"""Sound that a model made, written so that nobody takes it for a recording."""

import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmusset import __version__
from mmusset.errors import MmussetError, UsageError
from mmusset.shards.durable import write_durably

FORMATS = {".flac": "FLAC", ".wav": "WAV", ".ogg": "OGG"}
PEAK = 0.891  # -1 dBFS: what lossy players may overshoot


def peak_safe(sound: Tensor) -> tuple[Tensor, float]:
    """Sound `[channels, samples]`, turned down where it would clip, and by how many dB.

    Raises MmussetError where it holds numbers that are not finite.
    """
    if not sound.isfinite().all():
        raise MmussetError("the model made numbers that are not finite; try another checkpoint")
    peak = float(sound.abs().max())
    if peak <= PEAK:
        return sound, 0.0
    return sound * (PEAK / peak), 20 * float(torch.log10(torch.tensor(peak / PEAK)))


def check_format(path: Path) -> None:
    """Raises UsageError where a file of this name can't be written."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: sound is written as {', '.join(FORMATS)}")


def write_sound(path: Path, sound: Tensor, rate_hz: int, told: dict[str, Any]) -> None:
    """Write sound `[channels, samples]`; its tags say that a model made it, and `told` how."""
    import soundfile

    buffer = io.BytesIO()
    form = FORMATS[path.suffix.lower()]
    subtype = "VORBIS" if form == "OGG" else "PCM_16"
    with soundfile.SoundFile(
        buffer, "w", rate_hz, len(sound), subtype=subtype, format=form
    ) as file:
        file.software = f"mmusset {__version__} (MusFlow)"
        file.comment = json.dumps({"generated": True} | told)
        file.write(sound.T.numpy())
    write_durably(path, lambda out: out.write(buffer.getbuffer()), "sound")
