"""Files opened by FFmpeg: what they may be taken for, and which of their streams count."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmusset.errors import Unusable

from .decode import head_of
from .media_file import MediaFile
from .what_it_is import not_heard

# What FFmpeg may take a file for, and decode. Among its 360 formats are playlists, session
# descriptions and subtitles: they name other files and hosts, which it would open.
AV_FORMATS = (
    *("mov", "matroska", "webm", "mp3", "aac", "ogg", "flac", "wav", "aiff", "w64", "wv", "tta"),
    *("asf", "avi", "mpegts", "mpeg", "flv", "ac3", "eac3"),
)
AV_CODECS = (  # by the names of FFmpeg's decoders
    *("aac", "alac", "mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float", "opus", "libopus"),
    *("vorbis", "flac", "ac3", "eac3", "dca", "truehd", "wavpack", "tta", "wmav1", "wmav2"),
    *("wmapro", "wmalossless", "amrnb", "amrwb", "adpcm_ms", "adpcm_ima_qt", "adpcm_ima_wav"),
    *("pcm_s8", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le"),
    *("pcm_u8", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
    *("pcm_bluray", "pcm_dvd"),
    *("h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4", "h263"),
    *("mpeg2video", "mpeg1video", "mjpeg", "prores", "png", "theora", "dnxhd", "jpeg2000"),
    *("ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "v210", "dvvideo", "cfhd", "qtrle"),
    *("svq3", "cinepak", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1", "flv", "vp6f"),
    *("gif", "bmp", "webp"),
)
STILLS = frozenset({"mjpeg", "png", "gif", "bmp", "webp"})  # codecs of pictures
ENCRYPTED = frozenset({"drms", "enca", "encv", "drmi"})  # what iTunes and CENC call their samples


@contextmanager
def open_av(media: MediaFile) -> Iterator[Any]:
    """The container of a file. Raises Unusable for a format that is not on the list."""
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
        raise Unusable("music can't be decoded", not_heard(head_of(media))) from None
    with container:
        yield container


def check_known(stream: Any, what: str) -> None:
    """Raises Unusable unless the stream's decoder is one of AV_CODECS: the container's own list is
    not asked when a stream is decoded."""
    context = stream.codec_context
    if context is not None and context.codec_tag in ENCRYPTED:
        raise Unusable(what, "it is copy-protected; only the player of its shop can open it")
    name = context.codec.name if context is not None else "unknown"
    if name not in AV_CODECS:
        raise Unusable(what, f"its codec, {name}, is not among those read; convert it")


def is_known(stream: Any) -> bool:
    """Whether its decoder is one of AV_CODECS, and nothing locks it."""
    try:
        check_known(stream, "")
    except Unusable:
        return False
    return True


def frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """The decoded frames, with None for a packet that is damaged. Raises MemoryError."""
    import av

    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except MemoryError:  # of FFmpeg's errors it is one too
                raise
            except av.error.FFmpegError:
                yield None
    except MemoryError:
        raise
    except av.error.FFmpegError:
        yield None  # the container itself is damaged from here on


def last_end_s(container: Any, stream: Any, most_s: float = math.inf) -> float:
    """Where the last of the packets ends that are still to come, by the file's own time stamps; it
    is looked for no further than at `most_s`."""
    import av

    end, most = 0, most_s / float(stream.time_base)
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size and not packet.is_corrupt:
                end = max(end, packet.pts + (packet.duration or 0))
            if end >= most:
                break
    except av.error.FFmpegError:
        pass  # the file ends in the middle of something
    return float(end * stream.time_base)


def best_first(streams: Any) -> list[Any]:
    """Streams in the order in which they are meant: the default one first, and last what is said
    about the work, or made for those who can't see or hear it."""
    from av.stream import Disposition

    aside = (
        Disposition.comment
        | Disposition.visual_impaired
        | Disposition.hearing_impaired
        | Disposition.descriptions
    )

    def order(stream: Any) -> tuple[bool, bool, int]:
        is_default = bool(stream.disposition & Disposition.default)
        return bool(stream.disposition & aside), not is_default, stream.index

    return sorted(streams, key=order)


def pictures_attached(container: Any) -> list[Any]:
    """The streams that hold a single picture, such as a cover."""
    return [stream for stream in container.streams.video if _is_attached(stream)]


def moving_pictures(container: Any) -> list[Any]:
    """The streams that are videos, the one that is meant first; last what may be a cover."""
    streams = best_first(s for s in container.streams.video if not _is_attached(s))
    return sorted(streams, key=lambda stream: stream.codec_context.codec.name in STILLS)


def _is_attached(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)
