"""Decoding music, video and pictures. Call it only in a child process: media are not trusted.

soundfile reads what libsndfile knows, by window and sample-exact; PyAV the rest
(m4a, video). Whatever a decoder raises on bad bytes comes out as Unusable. Both are handed an
open file and never a name: what a file tells a decoder to open stays closed.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import Unread, Unusable, is_machine_trouble

from .media_file import MediaFile

if TYPE_CHECKING:
    from PIL.Image import Image

Samples = NDArray[np.float32]

SNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff"})
# libsndfile's names; it knows 26 formats.
SNDFILE_FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "FLAC", "OGG", "MP3"})
# What FFmpeg may take a file for, and decode. Among its 360 formats are playlists, session
# descriptions and subtitles: they name other files and hosts, which it would open.
AV_FORMATS = ("mov", "matroska", "webm", "mp3", "aac", "ogg", "flac", "wav")
AV_CODECS = (  # by the names of FFmpeg's decoders
    *("aac", "alac", "mp3", "mp3float", "mp2", "opus", "libopus", "vorbis", "flac", "ac3", "eac3"),
    *("dca", "truehd", "wavpack", "tta", "wmav2", "adpcm_ms", "adpcm_ima_qt", "adpcm_ima_wav"),
    *("pcm_s8", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le"),
    *("pcm_u8", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    *("h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4", "h263"),
    *("mpeg2video", "mpeg1video", "mjpeg", "prores", "png", "theora", "dnxhd", "jpeg2000"),
    *("ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "v210", "dvvideo", "cfhd", "qtrle"),
    *("svq3", "cinepak", "msmpeg4v2", "msmpeg4", "wmv2", "flv", "gif"),
)
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# No float file is mastered 60 dB over full scale; its bytes are something else.
ABSURD = 1e3
# A lossy decoder needs some frames before the window to settle.
PREROLL_S = 0.25


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file's header says of its sound; the decoder has the last word."""

    duration_s: float
    rate_hz: int
    channels: int


@contextmanager
def media_errors(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises into Unusable; fuzzing saw seven kinds from one library.

    An OSError that is the machine's fault goes through.
    """
    try:
        yield
    except (Unusable, Unread):
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_machine_trouble(error):
            raise
        # soundfile's message names the object that it was given, its error_string does not.
        text = str(getattr(error, "error_string", error)).strip().splitlines()
        raise Unusable(what, text[0][:200] if text else type(error).__name__) from None


def probe(media: MediaFile) -> AudioInfo:
    """What the header says. Raises Unusable if there is no sound in it."""
    with media_errors("music can't be decoded"):
        if media.suffix in SNDFILE_SUFFIXES:
            with _open_sndfile(media) as file:
                return AudioInfo(file.frames / file.samplerate, file.samplerate, file.channels)
        with _open_av(media) as container:
            stream = _audio_stream(container)
            duration_s = _av_duration_s(container, stream)
            return AudioInfo(duration_s, stream.rate, stream.codec_context.channels)


def read_window(media: MediaFile, start_s: float, seconds: float) -> tuple[Samples, int]:
    """Samples `[frames, channels]` in -1..1 from `start_s` on, and their rate in Hz.

    Fewer frames come back where the file ends sooner than it said. At most two channels.
    """
    with media_errors("music can't be decoded"):
        if media.suffix in SNDFILE_SUFFIXES:
            samples, rate_hz = _read_sndfile(media, start_s, seconds)
        else:
            samples, rate_hz = _read_av(media, start_s, seconds)
        if not np.isfinite(samples).all():
            raise Unusable("music can't be decoded", "it holds values that are not numbers")
        if np.abs(samples).max(initial=0.0) > ABSURD:
            raise Unusable("music can't be decoded", f"values over {ABSURD:g} times full scale")
        return np.ascontiguousarray(samples[:, :2]), rate_hz


def open_image(source: MediaFile | bytes, min_side_px: int, max_side_px: int) -> "Image":
    """An RGB picture, turned upright and scaled down to `max_side_px`, without any metadata."""
    return _fit(open_upright(source, max_side_px), min_side_px, max_side_px)


def open_upright(source: MediaFile | bytes, max_side_px: int) -> "Image":
    """An RGB picture, turned upright, at least as large as one that fits `max_side_px`.

    A JPEG is decoded at a half, quarter or eighth of its size where that is enough.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    what = "picture can't be decoded"
    with media_errors(what), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        file = io.BytesIO(source) if isinstance(source, bytes) else source.reader()
        try:
            opened = Image.open(file, "r", FORMATS)
        except UnidentifiedImageError:
            raise Unusable(what, f"it is none of {', '.join(FORMATS)}") from None
        with opened:
            opened.draft("RGB", (max_side_px, max_side_px))
            return flatten(ImageOps.exif_transpose(opened))


def video_frame(
    media: MediaFile, start_s: float, seconds: float, min_side_px: int, max_side_px: int
) -> "Image":
    """The best of nine frames seen while the clip sounds: sharp, with contrast, not black."""
    with media_errors("video can't be decoded"):
        frames = [
            frame
            for step in range(9)
            if (frame := _frame_at(media, start_s + seconds * (step + 0.5) / 9)) is not None
        ]
        if not frames:
            raise Unusable("video can't be decoded", "no frame could be read")
        best = max(frames, key=_frame_quality)
        if _frame_quality(best) == 0.0:
            raise Unusable("video shows nothing", "all frames seen are of one colour")
    return _fit(best, min_side_px, max_side_px)


def read_text(media: MediaFile, max_bytes: int = 65536) -> str:
    """A given story, as it is: UTF-8, less a byte order mark. White space alone is none, "".

    Raises Unusable if it is not text.
    """
    data = media.reader().read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Unusable("story is too long", f"over {max_bytes} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("story is not UTF-8 text") from None
    return text if text.strip() else ""


def _read_sndfile(media: MediaFile, start_s: float, seconds: float) -> tuple[Samples, int]:
    with _open_sndfile(media) as file:
        rate_hz = int(file.samplerate)
        file.seek(min(int(start_s * rate_hz), max(file.frames - 1, 0)))
        frames = round(seconds * rate_hz)
        return file.read(frames, dtype="float32", always_2d=True), rate_hz


@contextmanager
def _open_sndfile(media: MediaFile) -> Iterator[Any]:
    import soundfile

    with soundfile.SoundFile(media.reader()) as file:
        if file.format not in SNDFILE_FORMATS:
            raise Unusable("music can't be decoded", f"{file.format} files are not read")
        yield file


@contextmanager
def _open_av(media: MediaFile) -> Iterator[Any]:
    import av

    av.logging.set_level(None)
    options = {
        "format_whitelist": ",".join(AV_FORMATS),
        "codec_whitelist": ",".join(AV_CODECS),
        "protocol_whitelist": "none",  # there is no protocol of that name
    }
    try:
        container = av.open(media.reader(), metadata_errors="ignore", options=options)
    except av.error.ArgumentError:  # what the lists refuse
        raise Unusable("music can't be decoded", "its format is not among those read") from None
    with container:
        yield container


def _av_duration_s(container: Any, stream: Any) -> float:
    """The sound's length; a video may be longer, and a live recording's header says nothing."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / 1_000_000)
    packets = (packet for packet in container.demux(stream) if packet.pts is not None)
    end = max((packet.pts + (packet.duration or 0) for packet in packets), default=0)
    return float(end * stream.time_base)


def _audio_stream(container: Any) -> Any:
    if not container.streams.audio:
        raise Unusable("no sound in it")
    return _known(container.streams.audio[0], "music can't be decoded")


def _known(stream: Any, what: str) -> Any:
    """The stream, if its decoder is one of AV_CODECS: the container's own list is not asked."""
    name = stream.codec_context.codec.name
    if name not in AV_CODECS:
        raise Unusable(what, f"its codec, {name}, is not among those read")
    return stream


def _read_av(media: MediaFile, start_s: float, seconds: float) -> tuple[Samples, int]:
    import av

    with _open_av(media) as container:
        stream = _audio_stream(container)
        rate_hz = int(stream.rate)
        # One channel layout and format for all codecs; the rate stays as it is.
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        even = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        container.seek(max(0, int((start_s - PREROLL_S) * 1_000_000)))
        frames = round(seconds * rate_hz)
        pieces: list[Samples] = []
        have = 0
        for frame in container.decode(stream):
            begin = frame.time if frame.time is not None else start_s
            for part in even.resample(frame):
                data = part.to_ndarray().T.astype(np.float32, copy=False)
                early = round((start_s - begin) * rate_hz) if not pieces else 0
                if early >= len(data):
                    continue
                data = data[max(early, 0) :]
                pieces.append(data)
                have += len(data)
            if have >= frames:
                break
        if not pieces:
            return np.zeros((0, 1), np.float32), rate_hz
        return np.concatenate(pieces)[:frames], rate_hz


def _frame_at(media: MediaFile, at_s: float) -> "Image | None":
    with _open_av(media) as container:
        if not container.streams.video:
            raise Unusable("no picture in it")
        stream = _known(container.streams.video[0], "video can't be decoded")
        if stream.width * stream.height > MAX_PIXELS:
            raise Unusable("video can't be decoded", "its frames are too large")
        container.seek(max(0, int(at_s * 1_000_000)))
        for frame in container.decode(stream):
            if frame.time is None or frame.time >= at_s:
                image: Image = frame.to_image()
                return image
    return None


def _frame_quality(image: "Image") -> float:
    """Sharpness times contrast on a small grey copy; 0 for a frame of one colour."""
    grey = np.asarray(image.convert("L").resize((256, 144)), dtype=np.float64) / 255.0
    if grey.std() < 0.02:
        return 0.0
    laplacian = (
        4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    )
    return float(laplacian.std() * grey.std())


def flatten(image: "Image") -> "Image":
    """Any mode to RGB; what is transparent becomes white, as pages show it.

    Raises Unusable for modes that do not say what is white.
    """
    from PIL import Image as Images

    if image.mode.startswith("I;16"):
        # Pillow would cut these at 255 instead of scaling them.
        wide = np.array(image).astype(np.float32)
        wide[wide == image.info.get("transparency", -1)] = 65535
        return Images.fromarray((wide / 257).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        detail = f"pixels of mode {image.mode} say not what is white; save it with 8 or 16 bits"
        raise Unusable("picture can't be decoded", detail)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        page = Images.new("RGBA", layered.size, "white")
        return Images.alpha_composite(page, layered).convert("RGB")
    return image.convert("RGB")


def _fit(image: "Image", min_side_px: int, max_side_px: int) -> "Image":
    from PIL import Image as Images

    fitted = image.copy()
    fitted.thumbnail((max_side_px, max_side_px), Images.Resampling.LANCZOS)
    # A strip can be large enough before it is scaled, and a line of pixels after.
    if min(fitted.size) < min_side_px:
        raise Unusable("picture is too small", f"{fitted.width}x{fitted.height} pixels")
    fitted.info.clear()
    return fitted
