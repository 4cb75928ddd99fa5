"""The child process that opens untrusted media: a JSON request a line in, an answer a line out.

Started by `sandbox.py` as `python -m mmusset.builder.decoding.worker MEMORY_MB`. Three tasks:
`survey` reads what a file says of itself; `wish` reads what music is to be made from; `prepare`
cuts, measures and stores one item's media.
An answer is {"ok": ...}, {"unusable" or "unfit": [reason, detail]} for the item's fault,
{"unread": why} where this machine could not read a file, or {"broken": text} where it could not
store one and the build must stop.
"""

import hashlib
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from mmusset.errors import Unfit, Unread, Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music
from mmusset.evidence import image as images
from mmusset.evidence.media_file import MediaFile
from mmusset.frozen import Frozen
from mmusset.recipe import ImagePart
from mmusset.sample import ClipFacts, ImageFacts, MediaFacts, Prepared
from mmusset.sources import tags
from mmusset.sources.walk import Kind
from mmusset.speakers.picture import fit

from .no_network import drop_network
from .tasks import PrepareRequest, Survey, Wish

if TYPE_CHECKING:
    from PIL.Image import Image

AUDIBLE = 66  # 16-bit steps from the lowest to the highest sample: -60 dB of full scale


def survey(path: Path, kind: Kind, max_side_px: int) -> Survey:
    """Read a file's tags, length, cover and content hash. Raises Unusable if it can't be opened."""
    with MediaFile(path) as media:
        sha256 = media.sha256()
        if kind == "text":
            return Survey(sha256=sha256)
        if kind == "image":
            pixels_sha256 = _pixels_sha256(media, max_side_px) or sha256
            return Survey(sha256=sha256, pixels_sha256=pixels_sha256)
        read = tags.read(media.reader(), media.suffix)
        cover_sha256 = hashlib.sha256(read.cover).hexdigest() if read.cover else ""
        duration_s, sound_sha256 = _sound(media)
        return Survey(
            sha256=sha256,
            duration_s=duration_s,
            cover_sha256=cover_sha256,
            pixels_sha256=(read.cover and _pixels_sha256(read.cover, max_side_px)) or cover_sha256,
            sound_sha256=sound_sha256,
            tags=read.tags,
        )


def wish(image_path: Path, image_sha256: str, story_path: str, part: ImagePart, stem: str) -> Wish:
    """Read what music is to be made from, and store the picture as `stem`.jpg.

    Raises Unusable where it can't be used.
    """
    picture = _still(image_path, image_sha256, part)
    story = _story(story_path)
    _store(Path(stem + ".jpg"), _encode_jpeg(picture, part.jpeg_quality))
    return Wish(story=story)


def prepare(request: PrepareRequest) -> Prepared:
    """Cut the clip and the picture, measure both, store both.

    Raises Unusable or Unfit for the item's fault, Unread where the machine can't read it; OSError
    where it can't store it.
    """
    story = _story(request.story_path)
    with MediaFile(Path(request.music_path)) as media:
        if media.sha256() != request.music_sha256:
            raise Unusable("changed since it was planned")
        clip = clips.cut(media, request.clip_index, request.clip_count, request.clip)
        picture = _picture_in(media, request, clip.start_s)
    if picture is None:
        picture = _still(Path(request.image_path), request.image_sha256, request.image)
    flac = clips.encode_flac(clip)
    jpeg = _encode_jpeg(picture, request.image.jpeg_quality)
    facts = MediaFacts(
        music=ClipFacts(
            start_s=clip.start_s,
            duration_s=len(clip.samples) / clip.rate_hz,
            rate_hz=clip.rate_hz,
            channels=clip.samples.shape[1],
            source_rate_hz=clip.source_rate_hz,
            upsampled=clip.source_rate_hz < clip.rate_hz,
            generated_by=request.generated_by,
            sha256=hashlib.sha256(flac).hexdigest(),
        ),
        image=ImageFacts(
            origin=request.image_origin,
            width_px=picture.width,
            height_px=picture.height,
            sha256=hashlib.sha256(jpeg).hexdigest(),
        ),
        music_evidence=music.measure(clip.samples, clip.rate_hz, request.clip.silence_dbfs),
        image_evidence=images.measure(picture),
    )
    _store(Path(request.stem + ".flac"), flac)
    _store(Path(request.stem + ".jpg"), jpeg)
    if request.model_pixels:
        _store(Path(request.stem + ".model.jpg"), fit(picture, request.model_pixels))
    return Prepared(media=facts, given_story=story)


def main() -> None:
    """Answer requests until the parent closes the pipe.

    To stop is the parent's to decide, even where the signal is sent to all processes of a
    service: what has begun is brought to its end.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    memory = int(sys.argv[1]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    drop_network()
    answers = _own_stdout()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        if request["task"] == "survey":
            result: Frozen = survey(Path(request["path"]), request["kind"], request["max_side_px"])
        elif request["task"] == "wish":
            part = ImagePart(**request["image"])
            image = (Path(request["image_path"]), request["image_sha256"])
            result = wish(*image, request["story_path"], part, request["stem"])
        else:
            result = prepare(PrepareRequest.from_json(request["item"]))
        return {"ok": result.model_dump_json()}
    except Unfit as error:
        return {"unfit": [error.reason, error.detail]}
    except Unusable as error:
        return {"unusable": [error.reason, error.detail]}
    except Unread as error:
        return {"unread": error.why}
    except MemoryError:
        return {"unusable": ["took too much memory", ""]}
    except OSError as error:
        return {"broken": f"{error.strerror} ({error.filename or 'reading or storing media'})"}


def _pixels_sha256(source: MediaFile | bytes, max_side_px: int) -> str:
    """Of a picture as it is decoded to be stored; "" where it can't be.

    Before it is scaled, which would take three times as long as all the rest.
    """
    try:
        picture = decode.open_upright(source, max_side_px)
    except Unusable:
        return ""
    size = f"{picture.width}x{picture.height}:"
    return hashlib.sha256(size.encode() + picture.tobytes()).hexdigest()


def _sound(media: MediaFile) -> tuple[float, str]:
    """The length in seconds, and the hash of two seconds of 16-bit PCM from the middle.

    0 and "" where they can't be known: undecodable music is found out, and told, when its
    clip is cut. No hash where nothing sounds: silence is not the same piece.
    """
    duration_s = 0.0
    try:
        duration_s = decode.probe(media).duration_s
        # From a whole second on, so that containers which round the length still agree.
        middle_s = max(0, int(duration_s / 2) - 1)
        samples, _ = decode.read_window(media, middle_s, 2.0)
    except Unusable:
        return duration_s, ""
    pcm = np.round(samples * 32768.0).clip(-32768, 32767).astype("<i2")
    if not len(pcm) or int(pcm.max()) - int(pcm.min()) < AUDIBLE:
        return duration_s, ""
    return duration_s, hashlib.sha256(pcm.tobytes()).hexdigest()


def _story(path: str) -> str:
    """The given story, "" where there is none."""
    if not path:
        return ""
    with _naming(path), MediaFile(Path(path)) as media:
        return decode.read_text(media)


def _picture_in(media: MediaFile, request: PrepareRequest, start_s: float) -> "Image | None":
    """The picture that the music's own file holds; None where it is another file's."""
    part = request.image
    if request.image_origin == "video":
        return decode.video_frame(
            media, start_s, request.clip.seconds, part.min_side_px, part.max_side_px
        )
    if request.image_origin != "embedded":
        return None
    cover = tags.read(media.reader(), media.suffix).cover
    if cover is None:
        raise Unusable("picture can't be decoded", "the embedded cover is gone")
    return decode.open_image(cover, part.min_side_px, part.max_side_px)


def _still(path: Path, sha256: str, part: ImagePart) -> "Image":
    """A picture that is a file. Raises Unusable also where that is no longer the planned one."""
    with _naming(path), MediaFile(path) as media:
        if media.sha256() != sha256:
            raise Unusable("picture changed since it was planned")
        return decode.open_image(media, part.min_side_px, part.max_side_px)


@contextmanager
def _naming(path: Path | str) -> Iterator[None]:
    """What goes with the music is named where it can't be read."""
    try:
        yield
    except Unread as error:
        raise Unread(f"{Path(path).name}: {error.why}") from None


def _encode_jpeg(picture: "Image", quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _store(path: Path, data: bytes) -> None:
    """Whole or absent; no fsync, since the ledger holds the hash and a lost file is cut again."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)


def _own_stdout() -> TextIO:
    """The answers' pipe, with stdout itself pointed at stderr: decoders write where they like."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "w", encoding="ascii")


if __name__ == "__main__":
    main()
