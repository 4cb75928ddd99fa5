"""A score played: FluidSynth with the sounds of a sound font, through pyfluidsynth.

Equal notes, sound font and library give equal samples.
"""

import hashlib
from ctypes import byref, c_int
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import MmussetError

from .notation import Message, Notation

Pcm = NDArray[np.int16]

RATE_HZ = 44100
LONGEST_S = 1200.0  # of a piece: more would take a decoder's memory
TAIL_S = 3.0  # for the last note to die away
PEAK = 10 ** (-1 / 20)  # a MIDI has no level of its own: it is played up to -1 dBFS
INSTALL = "pip install 'mmusset[scores]', and FluidSynth's library (Debian: libfluidsynth3)"


@dataclass(frozen=True, slots=True)
class SoundFont:
    """A sound font, known by its name and what it holds."""

    path: Path
    sha256: str

    @classmethod
    def at(cls, path: Path) -> "SoundFont":
        """Raises MmussetError where there is none."""
        return cls(path, _sha256(path))


def identity(soundfont: SoundFont) -> str:
    """`FluidSynth 2.3.1, FluidR3_GM.sf2 74594e8f4250`: other ones make other sounds."""
    major, minor, micro = (c_int() for _ in range(3))
    _fluidsynth()._fl.fluid_version(byref(major), byref(minor), byref(micro))
    version = f"{major.value}.{minor.value}.{micro.value}"
    return f"FluidSynth {version}, {soundfont.path.name} {soundfont.sha256[:12]}"


@cache
def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if file.read(4) != b"RIFF":
                raise MmussetError(f"scores.soundfont: {path} is no sound font (.sf2 or .sf3)")
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MmussetError(
            f"scores.soundfont: {path} can't be read ({error.strerror}); name the file of a"
            " sound font, such as those in /usr/share/sounds/sf2"
        ) from None


def check_plays(path: Path) -> None:
    """Raises MmussetError, with what mends it, where nothing here can play a score with this sound
    font."""
    SoundFont.at(path)
    _fluidsynth()


def _fluidsynth() -> Any:
    try:
        import fluidsynth
    except ImportError:
        raise MmussetError(f"scores.soundfont: FluidSynth is not installed: {INSTALL}") from None
    return fluidsynth


def play(notation: Notation, soundfont: SoundFont) -> Pcm:
    """A score as sound, `[frames, 2]` at 44.1 kHz, its peak at -1 dBFS.

    What comes after twenty minutes is not played. Raises MmussetError.
    """
    synth = _fluidsynth().Synth(gain=0.2, samplerate=RATE_HZ, channels=16)
    try:
        if synth.sfload(str(soundfont.path)) == -1:
            raise MmussetError(f"scores.soundfont: FluidSynth can't read {soundfont.path}")
        chunks, played = [], 0
        for message in notation.messages:
            if message.at_s > LONGEST_S:
                break
            if (missing := round(message.at_s * RATE_HZ) - played) > 0:
                chunks.append(synth.get_samples(missing))
                played += missing
            _send(synth, message)
        end = round((min(LONGEST_S, notation.ends_s) + TAIL_S) * RATE_HZ)
        chunks.append(synth.get_samples(max(1, end - played)))
        samples = np.concatenate(chunks).reshape(-1, 2)[:end]
    finally:
        synth.delete()
    return _at_peak(samples)


def _send(synth: Any, message: Message) -> None:
    kind, channel = message.status >> 4, message.status & 0xF
    if kind == 0x9:
        synth.noteon(channel, *message.data)
    elif kind == 0x8:
        synth.noteoff(channel, message.data[0])
    elif kind == 0xB:
        synth.cc(channel, *message.data)
    elif kind == 0xC:
        synth.program_change(channel, message.data[0])
    elif kind == 0xE:
        synth.pitch_bend(channel, (message.data[1] << 7 | message.data[0]) - 8192)


def _at_peak(samples: NDArray[np.int16]) -> Pcm:
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    if peak == 0:
        return samples
    gain = np.float32(32767 * PEAK / peak)
    louder: Pcm = np.rint(samples.astype(np.float32) * gain).astype(np.int16)
    return louder
