"""The sounds of an evaluation's rows: files in one folder, all read in one way."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.mono import to_mono
from mmusset.errors import MmussetError, UsageError
from mmusset.files import PARTIAL, file_sha256
from mmusset.text import counted

Floats = NDArray[np.float32]

SUFFIXES = (".flac", ".wav", ".ogg", ".mp3")
MOST_NAMED = 8
LEAST_SHARE = 0.98  # of the window: what is shorter is another length of music


class Short(MmussetError):
    """A file is shorter than the clips that it is to be compared with."""


@dataclass(frozen=True, slots=True)
class Window:
    """What of every file is heard: its first seconds, at this rate."""

    rate_hz: int
    seconds: float

    @property
    def frames(self) -> int:
        return round(self.rate_hz * self.seconds)


@dataclass(frozen=True, slots=True)
class MatchedSounds:
    """A folder's files by the keys of the clips that they are for, a dictionary for each seed; and
    what is missing, short, or for no clip."""

    by_seed: tuple[dict[str, Path], ...]
    missing: tuple[str, ...]
    short: tuple[str, ...]
    extra: tuple[str, ...]

    def text(self) -> str:
        """What is not as it should be, in a line; "" where all is."""
        parts = [
            f"{counted(len(names), noun)} {what} ({_some(names)})"
            for noun, what, names in (
                ("clip", "without a file", self.missing),
                ("file", "too short", self.short),
                ("file", "for no clip", self.extra),
            )
            if names
        ]
        return "; ".join(parts)


def read_sound(path: Path, window: Window) -> Floats:
    """A file's sound `[frames, channels]` at the window's rate and of its length.

    Raises Short where it is shorter, MmussetError where it can't be read.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = file.samplerate
            wanted = round(window.seconds * rate_hz)
            if file.frames < LEAST_SHARE * wanted:
                raise Short(f"{path} is {file.frames / rate_hz:.2f} s, not {window.seconds:.2f} s")
            sound = file.read(wanted, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise MmussetError(f"{path} can't be read as sound: {error}") from None
    if not np.isfinite(sound).all():
        raise MmussetError(f"{path} holds numbers that are not finite: it is no sound")
    return fitted(sound, rate_hz, window)


def fitted(sound: Floats, rate_hz: int, window: Window) -> Floats:
    """Sound `[frames, channels]` at the window's rate, and exactly as long; more channels than two
    become one."""
    if sound.shape[1] > 2:
        sound = to_mono(sound)[:, None]
    if rate_hz != window.rate_hz:
        import soxr

        sound = np.asarray(soxr.resample(sound, rate_hz, window.rate_hz), dtype=np.float32)
    sound = sound[: window.frames]
    short = window.frames - len(sound)
    return np.pad(sound, ((0, short), (0, 0))) if short else sound


def channels_of(path: Path) -> int:
    """How many channels a file has."""
    import soundfile

    return int(soundfile.info(path).channels)


def in_channels(sound: Floats, channels: int) -> Floats:
    """A sound `[frames, channels]` in as many channels as the one that it is compared with.

    Loudness sums the channels' powers (ITU-R BS.1770-5): one channel by itself is 3 LU quieter than
    the same from two loudspeakers, which is how it is heard beside stereo.
    """
    if sound.shape[1] == channels:
        return sound
    return np.repeat(to_mono(sound)[:, None], channels, axis=1)


def write_control(path: Path, sound: Floats, rate_hz: int) -> None:
    """A sound `[frames, channels]` as FLAC, whole or not at all."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    soundfile.write(partial, np.clip(sound, -1, 1), rate_hz, format="FLAC", subtype="PCM_16")
    partial.replace(path)


def match_sounds(
    folder: Path, keys: Sequence[str], window: Window, of_split: Collection[str] = ()
) -> MatchedSounds:
    """The files of a folder that are named after clips: KEY.flac, or KEY-0.flac, KEY-1.flac for
    several seeds.

    A clip that lacks one of its files, or has one that is too short, is left out. Files for other
    clips `of_split` are passed over. Raises UsageError where no file is named after a clip, or two
    after one.
    """
    import soundfile

    if not folder.is_dir():
        raise UsageError(f"--sounds: there is no folder {folder}")
    known = set(keys)
    found: dict[str, dict[str, Path]] = {}
    short, extra = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        named = re.fullmatch(r"(?P<key>.+?)(?:-(?P<seed>\d+))?", path.stem)
        key, seed = (named["key"], named["seed"] or "0") if named else ("", "0")
        if path.stem in known or path.stem in of_split:  # a key may end in a number itself
            key, seed = path.stem, "0"
        if key not in known:
            if key not in of_split:
                extra.append(path.name)
            continue
        try:
            with soundfile.SoundFile(path) as file:
                is_short = file.frames < LEAST_SHARE * window.seconds * file.samplerate
        except (soundfile.LibsndfileError, OSError) as error:
            raise MmussetError(f"{path} can't be read as sound: {error}") from None
        if is_short:
            short.append(path.name)
        elif key in (files := found.setdefault(seed, {})):
            raise UsageError(f"--sounds: {files[key]} and {path} are for the same clip and seed")
        else:
            files[key] = path
    if not found:
        raise UsageError(
            f"--sounds: no file in {folder} is named after a clip and long enough; they are"
            f" KEY.flac, such as {keys[0]}.flac, of {window.seconds:.2f} s"
        )
    whole = [key for key in keys if all(key in files for files in found.values())]
    missing = tuple(key for key in keys if key not in whole)
    by_seed = tuple({key: files[key] for key in whole} for _, files in sorted(found.items()))
    return MatchedSounds(by_seed, missing, tuple(short), tuple(extra))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def sha256_of_files(paths: Sequence[Path]) -> str:
    """One hash of the content of files, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()
