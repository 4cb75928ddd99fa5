"""The child process that opens untrusted media: a JSON request a line in, an answer a line out.

Started by `sandbox.py` as `python -m mmusset.build.worker MEMORY_MB`. Three tasks:
`survey` reads what a file says of itself; `wish` reads what music is to be made from; `prepare`
cuts, measures and stores one item's media.
An answer is {"ok": ...}, {"unusable" or "unfit": [reason, detail]} for the item's fault,
or {"broken": text} where this machine failed and the build must stop.
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

from mmusset.errors import Unfit, Unusable, is_machine_trouble
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music
from mmusset.evidence import image as images
from mmusset.recipe import ImagePart
from mmusset.sample import ClipFacts, Frozen, ImageFacts
from mmusset.sources import tags
from mmusset.sources.walk import Kind
from mmusset.speakers.picture import fit

from .tasks import Prepared, PrepareRequest, Survey, Wish

if TYPE_CHECKING:
    from PIL.Image import Image

AUDIBLE = 66  # 16-bit steps from the lowest to the highest sample: -60 dB of full scale


def survey(path: Path, kind: Kind, max_side_px: int) -> Survey:
    """Read a file's tags, length, cover and content hash. Raises Unusable if it can't be opened."""
    decode.regular(path)
    sha256 = _sha256(path)
    if kind == "text":
        return Survey(sha256=sha256)
    if kind == "image":
        pixels_sha256 = _pixels_sha256(path, max_side_px) or sha256
        return Survey(sha256=sha256, pixels_sha256=pixels_sha256)
    with _reading():
        read = tags.read(path)
    cover_sha256 = hashlib.sha256(read.cover).hexdigest() if read.cover else ""
    duration_s, sound_sha256 = _sound(path)
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
    story = decode.read_text(decode.regular(Path(story_path))) if story_path else ""
    _store(Path(stem + ".jpg"), _encode_jpeg(picture, part.jpeg_quality))
    return Wish(story=story)


def prepare(request: PrepareRequest) -> Prepared:
    """Cut the clip and the picture, measure both, store both.

    Raises Unusable or Unfit for the item's fault; OSError where the machine fails.
    """
    story = decode.read_text(Path(request.story_path)) if request.story_path else ""
    path = decode.regular(Path(request.music_path))
    if _sha256(path) != request.music_sha256:
        raise Unusable("changed since it was planned")
    clip = clips.cut(path, request.clip_index, request.clip_count, request.clip)
    picture = _picture(request, clip.start_s)
    flac = clips.encode_flac(clip)
    jpeg = _encode_jpeg(picture, request.image.jpeg_quality)
    prepared = Prepared(
        clip=ClipFacts(
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
        story=story,
    )
    _store(Path(request.stem + ".flac"), flac)
    _store(Path(request.stem + ".jpg"), jpeg)
    if request.model_pixels:
        _store(Path(request.stem + ".model.jpg"), fit(picture, request.model_pixels))
    return prepared


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
    except MemoryError:
        return {"unusable": ["took too much memory", ""]}
    except OSError as error:
        return {"broken": f"{error.strerror} ({error.filename or 'reading or storing media'})"}


@contextmanager
def _reading() -> Iterator[None]:
    """A file that can't be read is its item's fault, unless this machine is in trouble."""
    try:
        yield
    except OSError as error:
        if is_machine_trouble(error):
            raise
        raise Unusable("can't be read", error.strerror or "") from None


def _sha256(path: Path) -> str:
    with _reading(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pixels_sha256(source: Path | bytes, max_side_px: int) -> str:
    """Of a picture as it is decoded to be stored; "" where it can't be.

    Before it is scaled, which would take three times as long as all the rest.
    """
    try:
        picture = decode.open_upright(source, max_side_px)
    except Unusable:
        return ""
    size = f"{picture.width}x{picture.height}:"
    return hashlib.sha256(size.encode() + picture.tobytes()).hexdigest()


def _sound(path: Path) -> tuple[float, str]:
    """The length in seconds, and the hash of two seconds of 16-bit PCM from the middle.

    0 and "" where they can't be known: undecodable music is found out, and told, when its
    clip is cut. No hash where nothing sounds: silence is not the same piece.
    """
    duration_s = 0.0
    try:
        duration_s = decode.probe(path).duration_s
        # From a whole second on, so that containers which round the length still agree.
        middle_s = max(0, int(duration_s / 2) - 1)
        samples, _ = decode.read_window(path, middle_s, 2.0)
    except Unusable:
        return duration_s, ""
    pcm = np.round(samples * 32768.0).clip(-32768, 32767).astype("<i2")
    if not len(pcm) or int(pcm.max()) - int(pcm.min()) < AUDIBLE:
        return duration_s, ""
    return duration_s, hashlib.sha256(pcm.tobytes()).hexdigest()


def _picture(request: PrepareRequest, start_s: float) -> "Image":
    part, path = request.image, Path(request.image_path)
    if request.image_origin not in ("video", "embedded"):
        return _still(path, request.image_sha256, part)
    decode.regular(path)
    if request.image_origin == "video":
        return decode.video_frame(
            path, start_s, request.clip.seconds, part.min_side_px, part.max_side_px
        )
    with _reading():
        cover = tags.read(path).cover
    if cover is None:
        raise Unusable("picture can't be decoded", "the embedded cover is gone")
    return decode.open_image(cover, part.min_side_px, part.max_side_px)


def _still(path: Path, sha256: str, part: ImagePart) -> "Image":
    """A picture that is a file. Raises Unusable also where that is no longer the planned one."""
    with _reading():
        data = decode.regular(path).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Unusable("picture changed since it was planned")
    return decode.open_image(data, part.min_side_px, part.max_side_px)


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
