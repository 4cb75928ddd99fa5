"""The child process that opens untrusted media: a JSON request a line in, an answer a line out.

Started by `sandbox.py` as `python -m mmusset.build.worker MEMORY_MB`. Two tasks:
`survey` reads what a file says of itself; `prepare` cuts, measures and stores one item's media.
An answer is {"ok": ...}, {"unusable" or "unfit": [reason, detail]} for the item's fault,
or {"broken": text} where this machine failed and the build must stop.
"""

import hashlib
import io
import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mmusset.errors import Unfit, Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music
from mmusset.evidence import image as images
from mmusset.sample import ClipFacts, Frozen, ImageFacts
from mmusset.sources import tags
from mmusset.sources.walk import Kind

from .tasks import Prepared, PrepareRequest, Survey

if TYPE_CHECKING:
    from PIL.Image import Image


def survey(path: Path, kind: Kind) -> Survey:
    """Read a file's tags, length, cover and content hash. Raises Unusable if it can't be opened."""
    decode.regular(path)
    try:
        sha256 = _sha256(path)
        if kind == "image":
            return Survey(sha256=sha256)
        read = tags.read(path)
    except OSError as error:
        raise Unusable("can't be read", error.strerror or "") from None
    try:
        duration_s = decode.probe(path).duration_s
    except Unusable:
        # Undecodable music is found out, and told, when its clip is cut.
        duration_s = 0.0
    cover = hashlib.sha256(read.cover).hexdigest() if read.cover else ""
    return Survey(sha256=sha256, duration_s=duration_s, cover_sha256=cover, tags=read.tags)


def prepare(request: PrepareRequest) -> Prepared:
    """Cut the clip and the picture, measure both, store both.

    Raises Unusable or Unfit for the item's fault; OSError where storing fails.
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
    return prepared


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    memory = int(sys.argv[1]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = _own_stdout()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        if request["task"] == "survey":
            result: Frozen = survey(Path(request["path"]), request["kind"])
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
        return {"broken": f"{error.strerror} ({error.filename or 'while storing media'})"}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _picture(request: PrepareRequest, start_s: float) -> "Image":
    part = request.image
    path = decode.regular(Path(request.image_path))
    if request.image_origin == "video":
        return decode.video_frame(
            path, start_s, request.clip.seconds, part.min_side_px, part.max_side_px
        )
    if request.image_origin == "embedded":
        cover = tags.read(path).cover
        if cover is None:
            raise Unusable("picture can't be decoded", "the embedded cover is gone")
        return decode.open_image(cover, part.min_side_px, part.max_side_px)
    return decode.open_image(path, part.min_side_px, part.max_side_px)


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
