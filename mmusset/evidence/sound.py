"""Reading music. Call it only in a child process: media are not trusted.

soundfile reads what libsndfile knows, by window and sample-exact. PyAV reads the rest (m4a, video),
more than two channels, and whatever libsndfile refuses or does not tell the true length of. Which
of them does is a function of the file alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.mono import to_mono
from mmusset.errors import Unusable

from .container import (
    best_first,
    check_known,
    frames_of,
    is_known,
    last_end_s,
    moving_pictures,
    open_av,
    pictures_attached,
)
from .decode import head_of, media_errors
from .downmix import to_stereo, within_full_scale
from .length import is_believable, is_chained
from .media_file import MediaFile
from .what_it_is import kind_of_content, no_sound

Samples = NDArray[np.float32]

SNDFILE_SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".w64", ".mp2"}
)
# libsndfile's names; it knows 26 formats.
SNDFILE_FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "FLAC", "OGG", "MP3"})
# No float file is mastered 60 dB over full scale; its bytes are something else.
ABSURD = 1e3
# A lossy decoder needs some frames before the window to settle.
PREROLL_S = 0.25
TAIL_S = 1.0  # how much before the end that a header tells is looked at
SAME_LENGTH_S = 0.1
CUT_ALREADY_S = 1.0  # how much longer than the stretch a file may be that was cut to it
SILENT = 1e-3  # -60 dB of full scale
HEARD_S = 1.0  # how much of a track is heard at a place, to find out whether it is silent
NO_MUSIC = "music can't be decoded"
FULL_SCALE = {"u1": 128.0, "i2": 32768.0, "i4": 2147483648.0}


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of an open file: how long it is in seconds, as far as it can be decoded, its rate,
    and its channels, 1 or 2.

    `reader` is the library that reads it. `track` is the place among the audio tracks of a file;
    `begins_s` is the time stamp of its first sample, which is 0 s of the piece. Where time stamps
    can't be relied on, samples are `counted` from the beginning. `has_frames` where there are
    moving pictures with it, `has_attached` where there are single ones; `told` is what the
    container says of it, by names in small letters. Of a `stretch` of a file, the piece begins
    `offset_s` behind the file's own beginning, and ends before the file does. A
    score is `played` before it is read. What is `known` of windows, by their beginnings and
    lengths, is not decoded again.
    """

    media: MediaFile
    reader: Literal["sndfile", "av", "score"]
    duration_s: float
    rate_hz: int
    channels: int
    track: int = 0
    begins_s: float = 0.0
    counted: bool = False
    has_frames: bool = False
    has_attached: bool = False
    told: Mapping[str, str] = field(default_factory=dict)
    offset_s: float = 0.0
    is_stretch: bool = False
    played: NDArray[np.int16] | None = None
    known: Mapping[tuple[float, float], Samples] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def zero_s(self) -> float:
        """The time stamp of what is 0 s of the piece."""
        return self.begins_s + self.offset_s

    def stretch(self, start_s: float, end_s: float) -> "Sound":
        """The piece that lies from `start_s` to `end_s` of the file; all of a file that was cut to
        that length already. Raises Unusable where the file ends before it begins.
        """
        if end_s > self.duration_s and self.duration_s <= end_s - start_s + CUT_ALREADY_S:
            return self
        if start_s >= self.duration_s:
            raise Unusable("ends before the stretch that is named", f"at {self.duration_s:.2f} s")
        duration_s = min(end_s, self.duration_s) - start_s
        return replace(self, offset_s=start_s, duration_s=duration_s, is_stretch=True)

    def window(self, start_s: float, seconds: float) -> Samples:
        """Samples `[frames, channels]` in -1..1 from `start_s` on, at `rate_hz`.

        Fewer frames come back where the file ends sooner than it said. Raises Unusable.
        """
        known = self.known.get((start_s, seconds))
        return self._decoded(start_s, seconds) if known is None else known

    def _decoded(self, start_s: float, seconds: float) -> Samples:
        if self.is_stretch:
            seconds = max(0.0, min(seconds, self.duration_s - start_s))
        with sound_errors(self.media):
            samples = self._read(self.offset_s + start_s, seconds)
            highest = max(samples.max(initial=0.0), -samples.min(initial=0.0))
            if not np.isfinite(highest):
                raise Unusable(NO_MUSIC, "it holds values that are not numbers; it is damaged")
            if highest > ABSURD:
                raise Unusable(NO_MUSIC, f"values over {ABSURD:g} times full scale; it is damaged")
            return np.ascontiguousarray(samples)

    def _read(self, start_s: float, seconds: float) -> Samples:
        import soundfile

        if self.played is not None:
            start = round(start_s * self.rate_hz)
            window = self.played[start : start + round(seconds * self.rate_hz)]
            return window.astype(np.float32) / np.float32(FULL_SCALE["i2"])
        if self.reader == "sndfile":
            try:
                return _read_sndfile(self, start_s, seconds)
            except soundfile.LibsndfileError:
                pass  # damaged before the window or in it: FFmpeg goes on behind the damage
        return _read_av(self, start_s, seconds)


def open_sound(media: MediaFile) -> Sound:
    """The sound of a file. Raises Unusable where there is none that can be decoded."""
    with sound_errors(media):
        plain = _by_sndfile(media) if media.suffix in SNDFILE_SUFFIXES else None
        if plain and plain.is_whole:
            return plain.sound
        by_av = _by_av(media)
        if plain and plain.sound.channels <= 2 and _agree(plain.sound, by_av):
            return plain.sound
        return by_av


def past_damage(sound: Sound) -> Sound | None:
    """The same by the reader that goes on behind damage, without what is lost; None where that is
    the reader already, or it finds nothing."""
    if sound.reader != "sndfile":
        return None
    try:
        with sound_errors(sound.media):
            whole = _by_av(sound.media)
        if not sound.is_stretch:
            return whole
        return whole.stretch(sound.offset_s, sound.offset_s + sound.duration_s)
    except Unusable:
        return None


@contextmanager
def sound_errors(media: MediaFile) -> Iterator[None]:
    """Turn whatever a decoder of music raises into Unusable."""
    with media_errors(NO_MUSIC, lambda: no_sound(head_of(media))):
        yield


@dataclass(frozen=True, slots=True)
class _Plain:
    """What libsndfile tells; `is_whole` if nothing else has to be asked."""

    sound: Sound
    is_whole: bool


def _agree(one: Sound, other: Sound) -> bool:
    return one.rate_hz == other.rate_hz and abs(one.duration_s - other.duration_s) <= SAME_LENGTH_S


# --- libsndfile -----------------------------------------------------------------------------


def _by_sndfile(media: MediaFile) -> _Plain | None:
    """What libsndfile tells of a file, or None where it refuses it."""
    import soundfile

    try:
        with soundfile.SoundFile(media.reader()) as file:
            if file.format not in SNDFILE_FORMATS:
                return None
            length_s = file.frames / file.samplerate
            sound = Sound(media, "sndfile", length_s, int(file.samplerate), file.channels)
            return _Plain(sound, file.channels <= 2 and is_believable(media, file))
    except soundfile.LibsndfileError:
        return None


def _read_sndfile(sound: Sound, start_s: float, seconds: float) -> Samples:
    import soundfile

    with soundfile.SoundFile(sound.media.reader()) as file:
        file.seek(min(int(start_s * sound.rate_hz), max(file.frames - 1, 0)))
        samples: Samples = file.read(
            round(seconds * sound.rate_hz), dtype="float32", always_2d=True
        )
        return samples


# --- FFmpeg ---------------------------------------------------------------------------------


def _by_av(media: MediaFile) -> Sound:
    with open_av(media) as container:
        streams = best_first(container.streams.audio)
        if not streams:
            kind = kind_of_content(head_of(media))
            raise Unusable("no sound in it", kind.name and f"it is {kind.name} without any")
        known = [stream for stream in streams if is_known(stream)]
        if not known:
            check_known(streams[0], NO_MUSIC)
        tracks = [container.streams.audio.index(stream) for stream in known]
        first = _track(media, container, tracks[0])
    if first.duration_s == 0:
        first = _measured(first)
    if len(tracks) == 1 or _is_audible(first):
        return first
    return next((sound for sound in _others(media, tracks[1:]) if _is_audible(sound)), first)


def _others(media: MediaFile, tracks: list[int]) -> Iterator[Sound]:
    for track in tracks:
        with open_av(media) as container:
            sound = _track(media, container, track)
        yield sound if sound.duration_s else _measured(sound)


def _track(media: MediaFile, container: Any, track: int) -> Sound:
    """An audio track; of a length of 0 where all of it has to be looked at to know it."""
    stream = container.streams.audio[track]
    begins_s = float((stream.start_time or 0) * stream.time_base)
    counted = container.format.name == "ogg" and is_chained(media)
    end_s = 0.0 if counted else _end_by_tail_s(container, stream, begins_s)
    return Sound(
        media,
        "av",
        max(0.0, end_s - begins_s),
        int(stream.rate),
        min(2, stream.codec_context.channels),
        track,
        begins_s,
        counted,
        has_frames=any(is_known(each) for each in moving_pictures(container)),
        has_attached=bool(container.streams.attachments or pictures_attached(container)),
        told={k.lower(): v for k, v in (container.metadata | stream.metadata).items()},
    )


def _measured(sound: Sound) -> Sound:
    """The same with its length, by its packets or, where these tell no time, decoded."""
    if sound.counted:
        return replace(sound, duration_s=_decoded_s(sound.media, sound.track))
    end_s = _end_by_scan_s(sound.media, sound.track)
    return replace(sound, duration_s=max(0.0, end_s - sound.begins_s))


def _end_by_tail_s(container: Any, stream: Any, begins_s: float) -> float:
    """Where the last packet ends, looked for where the header says; 0 where it is not there."""
    import av

    if container.format.name in ("mp3", "aac", "ac3", "eac3"):
        return 0.0  # what these tell is guessed from their first frames
    if stream.duration:
        length_s = float(stream.duration * stream.time_base)
    else:
        length_s = (container.duration or 0) / 1e6
    if not length_s:
        return 0.0
    try:
        at = int((begins_s + length_s - TAIL_S) / stream.time_base)
        container.seek(max(0, at), stream=stream)
        return last_end_s(container, stream)
    except (av.error.FFmpegError, OverflowError):
        return 0.0


def _end_by_scan_s(media: MediaFile, track: int) -> float:
    with open_av(media) as container:
        return last_end_s(container, container.streams.audio[track])


def _decoded_s(media: MediaFile, track: int) -> float:
    with open_av(media) as container:
        frames = frames_of(container, container.streams.audio[track])
        return float(sum(frame.samples / frame.sample_rate for frame in frames if frame))


def _is_audible(sound: Sound) -> bool:
    for share in (0.5, 0.25, 0.75):
        try:
            samples = sound.window(share * sound.duration_s, HEARD_S)
        except Unusable:
            continue
        if np.abs(samples).max(initial=0.0) > SILENT:
            return True
    return False


def _read_av(sound: Sound, start_s: float, seconds: float) -> Samples:
    wanted, have = round(seconds * sound.rate_hz), 0
    window: list[Samples] = []
    mixed = False
    with open_av(sound.media) as container:
        stream = container.streams.audio[sound.track]
        first_s = sound.begins_s + start_s
        if not sound.counted:
            container.seek(max(0, int((first_s - PREROLL_S) * 1_000_000)))
        counted_s, begun = sound.begins_s, False
        for frame in frames_of(container, stream):
            if frame is None:
                # Before its first frame a decoder may complain of what it has not seen.
                if begun and window:
                    raise Unusable(NO_MUSIC, "it is damaged; copy or download it again")
                continue
            begun = True
            has_time = frame.time is not None and not sound.counted
            begins_s = frame.time if has_time else (counted_s if sound.counted else first_s)
            counted_s += frame.samples / frame.sample_rate
            data = _samples_of(frame, sound)
            mixed = mixed or frame.layout.nb_channels > 2
            early = round((first_s - begins_s) * sound.rate_hz) if not window else 0
            if early >= len(data):
                continue
            window.append(data[max(early, 0) :])
            have += len(window[-1])
            if have >= wanted:
                break
    if not window:
        return np.zeros((0, sound.channels), np.float32)
    samples = np.concatenate(window)[:wanted]
    return within_full_scale(samples) if mixed else samples


def _samples_of(frame: Any, sound: Sound) -> Samples:
    """A frame as `[frames, channels]` at the sound's rate, in one form for all codecs."""
    data = frame.to_ndarray()
    channels = frame.layout.nb_channels
    data = data.T if frame.format.is_planar else data.reshape(-1, channels)
    kind = data.dtype.str[1:]
    samples: Samples = data.astype(np.float32, copy=False)
    if kind in FULL_SCALE:
        samples = samples / np.float32(FULL_SCALE[kind]) - np.float32(kind == "u1")
    if channels > 2:
        samples = to_stereo(samples, [channel.name for channel in frame.layout.channels])
    if samples.shape[1] > sound.channels:
        samples = to_mono(samples)[:, None]
    elif samples.shape[1] < sound.channels:
        samples = np.repeat(samples, sound.channels, axis=1)
    if frame.sample_rate != sound.rate_hz:  # a stream that changes on the way
        import soxr

        samples = soxr.resample(samples, frame.sample_rate, sound.rate_hz)
    return samples
