"""A sound that is given to go on from, to have a gap of it filled, or for music to sound like."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.bounded import MB, read_bounded
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.dsp.mono import to_mono
from mmusset.errors import UsageError
from mmusset.measurements.tempo import TEMPO, Tempo
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.data.beat import NO_BEAT, SILENCE_DBFS, Beat, located
from mmusset.musflow.data.encode import resampled
from mmusset.shards.reader import BadSample
from mmusset.training.recording import decode_recording

Floats = NDArray[np.float32]

MOST_BYTES, MOST_SECONDS = 256 * MB, 600.0
LEAST_HEARD_S = 1.0  # of a sound that music is to be like
FADE_S = 0.03  # from what is given to what is made, at each joint, within what is given


@dataclass(frozen=True, slots=True)
class GivenSound:
    """A given sound `[channels, samples]` as the codec takes it, whole latents `[1, T, C]` of it,
    and where the first of them begins.

    `gap` are the latent frames to be made anew, and `gap_samples` the samples; both None where the
    music is to go on after its end, which is the end of a latent frame then.
    """

    sound: Tensor
    latents: Tensor
    offset: int  # samples
    gap: tuple[int, int] | None = None
    gap_samples: tuple[int, int] | None = None


def given_sound(
    path: Path, gap_s: tuple[float, float] | None, codec: Codec, device: str, where: str = ""
) -> GivenSound:
    """A file's sound for a codec. Raises UsageError for what is no such sound, and a gap that does
    not lie within it."""
    sound = _fitting(path, codec, where)
    samples, per_latent = sound.shape[1], codec.samples_per_latent
    if samples < per_latent:
        raise UsageError(f"{where}{path} is shorter than one latent frame")
    # Where it goes on, the grid of frames ends where the sound does.
    offset = samples % per_latent if gap_s is None else 0
    whole = sound[None, :, offset : offset + (samples - offset) // per_latent * per_latent]
    with torch.no_grad():
        latents = codec.encode(whole.to(device))[0].float()
    if gap_s is None:
        return GivenSound(sound, latents, offset)
    start, stop = (round(second * codec.rate_hz) for second in gap_s)
    if not 0 <= start < stop <= whole.shape[2]:
        length_s = whole.shape[2] / codec.rate_hz
        raise UsageError(
            f"{where}--fill {gap_s[0]:g}:{gap_s[1]:g} does not lie within {path}, of which"
            f" {length_s:.2f} s can be worked on"
        )
    frames = start // per_latent, -(-stop // per_latent)
    return GivenSound(sound, latents, offset, frames, (start, stop))


def first_seconds(path: Path, seconds: float, rate_hz: int, where: str = "") -> Floats:
    """The first seconds of any recording, in mono at a rate, `[samples]`.

    Raises UsageError for what is none, or lasts less than LEAST_HEARD_S.
    """
    import soxr

    try:
        recording = decode_recording(path, seconds)
    except BadSample as error:
        why = str(error).removeprefix("its sound ")
        raise UsageError(f"{where}{path} {why}") from None
    if recording.lasts_s < LEAST_HEARD_S:
        raise UsageError(f"{where}{path} is shorter than {LEAST_HEARD_S:g} s: too short to be like")
    heard = soxr.resample(to_mono(recording.sound), recording.rate_hz, rate_hz)
    return np.asarray(heard, dtype=np.float32)


def beat_of_sound(given: GivenSound, rate_hz: int, first: int, bpm: float) -> Beat:
    """The beat of a given sound from sample `first` on, by its own tempo or the one that is asked
    for (0: none is); NO_BEAT where it has none."""
    try:
        signal = ClipSignal(_mono(given.sound[:, first:]), rate_hz, SILENCE_DBFS)
    except ValueError:
        return Beat(bpm, 0.0, 1.0) if bpm else NO_BEAT
    if bpm:
        asked = Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=bpm * 2, confidence=1.0)
        there = located(signal.onsets, asked)
        return Beat(bpm, there.phase, 1.0)
    return _beat_of(signal)


def beat_like(mono: Floats, rate_hz: int) -> Beat:
    """The beat of music that is to be like a sound `[samples]`: its tempo, as sure as it is there,
    begun on the beat; NO_BEAT where it has none."""
    try:
        beat = _beat_of(ClipSignal(mono[:, None], rate_hz, SILENCE_DBFS))
    except ValueError:
        return NO_BEAT
    return beat._replace(phase=0.0)


def _beat_of(signal: ClipSignal) -> Beat:
    tempo = TEMPO.measure(signal) if TEMPO.measure else None
    if tempo is None or not tempo.confidence > 0:
        return NO_BEAT
    return located(signal.onsets, tempo)


def put_back(made: Tensor, given: GivenSound, rate_hz: int) -> Tensor:
    """A made sound `[channels, samples]` with what was given in its place again, sample for
    sample but for FADE_S before a gap and after it."""
    length = given.sound.shape[1]
    start, stop = given.gap_samples or (length, length)
    fade = min(round(FADE_S * rate_hz), start)
    whole = made.clone()
    whole[:, : start - fade] = given.sound[:, : start - fade]
    before = slice(start - fade, start)
    whole[:, before] = crossfaded(given.sound[:, before], made[:, before])
    fade = min(round(FADE_S * rate_hz), length - stop)
    after = slice(stop, stop + fade)
    whole[:, after] = crossfaded(made[:, after], given.sound[:, after])
    whole[:, stop + fade : length] = given.sound[:, stop + fade :]
    return whole


def crossfaded(one: Tensor, other: Tensor) -> Tensor:
    """From one sound `[channels, samples]` to another, at an even level however alike they are.

    Gains whose squares sum to 1 keep the level of sounds that have nothing in common; those of two
    that are alike are brought down by what they have in common.
    """
    if not one.shape[1]:
        return one
    turn = torch.linspace(0, torch.pi / 2, one.shape[1])
    products = (one * other).sum(), one.square().sum(), other.square().sum()
    alike = float(products[0] / (products[1] * products[2]).sqrt().clamp_min(1e-9))
    level = (1 + max(0.0, alike) * (2 * turn).sin()).sqrt()
    return (turn.cos() * one + turn.sin() * other) / level


def _fitting(path: Path, codec: Codec, where: str) -> Tensor:
    sound, rate_hz = _read(path, where)
    if sound.shape[1] > 2:
        sound = to_mono(sound)[:, None]
    try:
        return torch.from_numpy(resampled(sound, rate_hz, codec.rate_hz, codec.channels).T.copy())
    except (BadSample, UsageError):
        raise UsageError(
            f"{where}{path} has {rate_hz} Hz, and the model makes music of {codec.rate_hz} Hz:"
            " give a file of at least that rate"
        ) from None


def _read(path: Path, where: str) -> tuple[Floats, int]:
    """A file's sound `[frames, channels]` and its rate in Hz.

    Raises UsageError for what is no sound, or longer than MOST_SECONDS.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(read_bounded(path, MOST_BYTES))) as file:
            if file.frames > MOST_SECONDS * file.samplerate:
                raise UsageError(f"{where}{path} is longer than {MOST_SECONDS:.0f} s")
            sound, rate_hz = file.read(dtype="float32", always_2d=True), file.samplerate
    except OSError as error:
        raise UsageError(f"{where}can't read {path}: {error.strerror}") from None
    except soundfile.LibsndfileError as error:
        raise UsageError(f"{where}{path} is no sound that can be read: {error}") from None
    if not len(sound) or not np.isfinite(sound).all():
        raise UsageError(f"{where}{path} holds no sound, or numbers that are not finite")
    return sound, int(rate_hz)


def _mono(sound: Tensor) -> Floats:
    mono: Floats = sound.mean(dim=0, keepdim=True).T.numpy()
    return mono
