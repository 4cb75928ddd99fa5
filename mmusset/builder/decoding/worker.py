"""The child process that opens untrusted media: a task of `tasks.py` a line in, a reply a line out.

Started by `sandbox.py` as `python -m mmusset.builder.decoding.worker MEMORY_MB [MODULE ...]`; the
modules declare measurements and ears that are not the package's own, and 0 MB are no limit. The
process that holds heavy ears is one of these too, and is given none but clips that another has
decoded. It can read and write files,
but has no network, little memory and none of our secrets: a file that takes over its decoder gets
no further.

A reply is {"ok": ...}, {"unusable" or "unfit": [reason, detail]} for the item's fault,
{"unread": why} where this machine could not read a file; {"broken": text} where it could not
store one, {"deaf": text} where an ear can't listen, or {"unmeasurable": text} where a module can't
be imported, and the build must stop.
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
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from mmusset.ears.declaration import Ear
from mmusset.ears.hearing import hear, opened, voice_in
from mmusset.ears.listed import EARS, ears_named
from mmusset.ears.sounds import wav_of_clip
from mmusset.errors import MmussetError, Unfit, Unread, Unusable
from mmusset.evidence import attached, decode, music, sections, still, video
from mmusset.evidence import clip as clips
from mmusset.evidence import image as images
from mmusset.evidence import piece as pieces
from mmusset.evidence import quality as qualities
from mmusset.evidence.choice import ChosenPlace, choose
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import Sound, open_sound
from mmusset.frozen import Frozen
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.recipe import ClipPart, ImagePart
from mmusset.sample import ClipFacts, ImageFacts, MediaFacts, MusicEvidence, Prepared, Tags
from mmusset.sources import lyrics, sidecar, tags
from mmusset.sources.covers import Cover
from mmusset.sources.pair import STORY
from mmusset.speakers.picture import fit
from mmusset.structure import SPREAD, Chosen, Section, placed

from .given_lyrics import given_lyrics
from .no_network import drop_network
from .tasks import (
    TASKS,
    ComposingInput,
    ComposingTask,
    HearTask,
    Listened,
    ListenTask,
    PrepareTask,
    Survey,
    SurveyTask,
)

if TYPE_CHECKING:
    from PIL.Image import Image

# A smaller range of samples is silence.
AUDIBLE = 66  # 16-bit steps from the lowest to the highest sample: -60 dB of full scale
MORE_MEMORY = "save it smaller, or raise limits.decode_memory_mb"
# Why a text is no story.
NO_STORY = "the text beside it is lyrics, and no story: name it x.story.txt if it is one"
PIECES_KEPT = 64  # the clips of a piece come soon after each other


def survey(task: SurveyTask) -> Survey:
    """Read a file's tags, length, cover and content hash. Raises Unusable if it can't be opened."""
    kind = task.kind
    with MediaFile(_path(task.file)) as media:
        sha256 = media.sha256()
        if kind == "text":
            return Survey(sha256=sha256)
        if kind == "image":
            seen = _seen(media, task)
            return Survey(sha256=sha256, pixels_sha256=seen.sha256 or sha256, trouble=seen.trouble)
        if kind == "sidecar":
            return Survey(sha256=sha256, tags=_sidecar(media))
        read = tags.read(media.reader(), media.suffix)
        sound = _sound(media)
        has_frames = kind == "video" and (sound is None or sound.has_frames)
        cover, seen = (None, _Seen()) if has_frames else _best_cover(_covers(read, sound), task)
        cover_sha256 = hashlib.sha256(cover.data).hexdigest() if cover else ""
        return Survey(
            sha256=sha256,
            duration_s=sound.duration_s if sound else 0.0,
            cover_sha256=cover_sha256,
            cover_is_front=cover is None or cover.is_front,
            trouble=seen.trouble,
            has_frames=has_frames,
            pixels_sha256=seen.sha256 or cover_sha256,
            sound_sha256=_sound_sha256(sound) if sound else "",
            tags=tags.filled_up(read.tags, sound.told) if sound else read.tags,
            album_artist=read.album_artist or tags.album_artist(sound.told if sound else {}),
        )


def _covers(read: tags.TagRead, sound: Sound | None) -> tuple[Cover, ...]:
    """The pictures embedded in music, the likeliest cover first."""
    if read.covers or sound is None or not sound.has_attached:
        return read.covers
    return tuple(Cover(data) for data in attached.pictures(sound.media))


def _best_cover(covers: tuple[Cover, ...], task: SurveyTask) -> tuple[Cover | None, "_Seen"]:
    """The first cover that can be used, else the first; and what it shows."""
    looked = [(cover, _seen(cover.data, task)) for cover in covers[:1]]
    if looked and looked[0][1].trouble[0]:
        looked += [(cover, _seen(cover.data, task)) for cover in covers[1:]]
    usable = next(((cover, seen) for cover, seen in looked if not seen.trouble[0]), None)
    return usable or (looked[0] if looked else (None, _Seen()))


def _sidecar(media: MediaFile) -> Tags:
    try:
        return sidecar.read(media.read_at(0, sidecar.MOST_BYTES + 1))
    except ValueError as error:
        raise Unusable("a sidecar that can't be read", str(error)) from None


def composing_input(task: ComposingTask) -> ComposingInput:
    """Read what music is to be made from, and store the picture. Raises Unusable."""
    picture = _still(task.picture, task.picture_sha256, task.image)
    story, _ = _story(task.story)
    _store(task.stem + b".jpg", _encode_jpeg(picture, task.image.jpeg_quality))
    return ComposingInput(story=story)


def prepare(task: PrepareTask) -> Prepared:
    """Cut the clip and the picture, measure both, store both.

    Raises Unusable or Unfit for the item's fault, Unread where the machine can't read it; OSError
    where it can't store it.
    """
    piece = task.item.piece
    text, set_aside = _story(task.originals.story)
    is_lyrics = not _is_named_story(piece.story_path) and lyrics.is_verse(text)
    with MediaFile(_path(task.originals.music)) as media:
        if media.sha256() != piece.music.sha256:
            raise Unusable("changed since it was planned")
        sound = open_sound(media)
        whole = _known_pieces.get(_known_by(task)) or _heard_whole(sound, task)
        clip, chosen = _cut(sound, task, whole)
        picture = _picture_in(sound, task, clip.start_s)
        sung = given_lyrics(media, task, text if is_lyrics else "", clip.start_s)
    _remember(task, whole)  # not before the file is closed: only now all reads are known good
    if picture is None:
        picture = _still(task.originals.picture, piece.picture.sha256, task.image)
    flac = clips.encode_flac(clip)
    jpeg = _encode_jpeg(picture, task.image.jpeg_quality)
    facts = MediaFacts(
        music=ClipFacts(
            start_s=clip.start_s,
            duration_s=len(clip.samples) / clip.rate_hz,
            rate_hz=clip.rate_hz,
            channels=clip.samples.shape[1],
            source_rate_hz=clip.source_rate_hz,
            upsampled=clip.source_rate_hz < clip.rate_hz,
            generated_by=task.generated_by,
            sha256=hashlib.sha256(flac).hexdigest(),
            chosen=chosen,
        ),
        image=ImageFacts(
            origin=piece.picture.origin,
            width_px=picture.width,
            height_px=picture.height,
            sha256=hashlib.sha256(jpeg).hexdigest(),
        ),
        music_evidence=_evidence(task, clip, whole),
        quality=qualities.measure(clip, task.clip.silence_dbfs),
        image_evidence=images.measure(picture),
        lyrics=sung,
    )
    _store(task.stem + b".flac", flac)
    _store(task.stem + b".jpg", jpeg)
    if task.model_pixels:
        _store(task.stem + b".model.jpg", fit(picture, task.model_pixels))
    if task.sound:
        _store_sound(task.stem, clip, task.clip.silence_dbfs)
    if is_lyrics:
        return Prepared(media=facts, given_story="", set_aside=NO_STORY)
    return Prepared(media=facts, given_story=text, set_aside=set_aside)


def listen(task: ListenTask) -> Listened:
    """Cut a piece's first clip for a listener, and have ears listen to it.

    Raises Unusable or Unfit for the file's fault, Unread; OSError where it can't be stored.
    """
    with MediaFile(_path(task.file)) as media:
        clip = clips.cut(open_sound(media), 0, 1, task.clip)
    _store(task.stem + b".flac", clips.encode_flac(clip))
    _store_sound(task.stem, clip, task.clip.silence_dbfs)
    listening = ears_named(task.ears)
    heard = hear(clip.samples, clip.rate_hz, listening, task.clip.silence_dbfs)
    return Listened(heard=heard)


def hear_stored(task: HearTask) -> Listened:
    """Have ears whose models are heavy listen to a stored clip.

    Raises MmussetError where a model can't be used, Unread where the clip is gone.
    """
    with MediaFile(_path(task.flac)) as media:
        sound = open_sound(media)
        samples = sound.window(0, sound.duration_s)
    listening = [_opened(name, model) for name, model in task.models.items()]
    return Listened(heard=hear(samples, sound.rate_hz, listening, task.silence_dbfs))


@cache
def _opened(name: str, model: str) -> Ear:
    (ear,) = ears_named((name,))
    return opened(ear, model)


def _store_sound(stem: bytes, clip: clips.Clip, silence_dbfs: float) -> None:
    _store(stem + b".listener.wav", wav_of_clip(clip.samples, clip.rate_hz, silence_dbfs))


def _evidence(task: PrepareTask, clip: clips.Clip, whole: "_Whole") -> MusicEvidence:
    """What is measured on a clip and its piece, and what the task's ears hear in the clip."""
    silence_dbfs = task.clip.silence_dbfs
    measured = music.measure(clip.samples, clip.rate_hz, silence_dbfs, whole.evidence)
    listening = ears_named(task.ears)
    heard = hear(clip.samples, clip.rate_hz, listening, silence_dbfs)
    return measured.model_copy(
        update={"heard": heard, "sections": placed(whole.sections, clip.start_s)}
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all clips of a piece share: what was measured on it, and where clips were chosen."""

    evidence: pieces.PieceEvidence
    places: tuple[ChosenPlace, ...]
    sections: tuple[Section, ...]


# By the music's hash, how many clips are cut from it, how, and whether sections are asked for.
_KnownBy = tuple[str, int, ClipPart, bool, bool]
_known_pieces: dict[_KnownBy, _Whole] = {}


def _known_by(task: PrepareTask) -> _KnownBy:
    item, is_new = task.item, task.cut_before is None
    return item.piece.music.sha256, item.clip_count, task.clip, is_new, task.sections


def _remember(task: PrepareTask, whole: _Whole) -> None:
    if len(_known_pieces) >= PIECES_KEPT:
        _known_pieces.clear()
    _known_pieces[_known_by(task)] = whole


def _heard_whole(sound: Sound, task: PrepareTask) -> _Whole:
    silence_dbfs = task.clip.silence_dbfs
    evidence = pieces.measure(sound, silence_dbfs)
    found = sections.measure(sound, silence_dbfs) if task.sections else ()
    if task.clip.choose == "spread" or task.cut_before:
        return _Whole(evidence, (), found)
    singers = [ear for ear in ears_named(task.ears) if ear.hears_voices]

    def voice(clip: clips.Clip) -> tuple[float, float]:
        return voice_in(hear(clip.samples, clip.rate_hz, singers, silence_dbfs), singers)

    places = choose(sound, task.item.clip_count, task.clip, voice)
    return _Whole(evidence, places, found)


def _cut(sound: Sound, task: PrepareTask, whole: _Whole) -> tuple[clips.Clip, Chosen]:
    """The item's clip: where it was cut before, where it is chosen, or from its own stretch."""
    item = task.item
    if before := task.cut_before:
        return clips.cut_at(sound, before.start_s, task.clip), before.chosen
    if not whole.places:  # spread out, or nothing to choose from
        chosen = SPREAD if task.clip.choose == "spread" else Chosen(by=task.clip.choose, places=1)
        return clips.cut(sound, item.clip_index, item.clip_count, task.clip), chosen
    if item.clip_index >= len(whole.places):
        sounding = f"only {len(whole.places)} places of the piece sound"
        raise Unfit("silent", sounding)
    place = whole.places[item.clip_index]
    return clips.cut_at(sound, place.start_s, task.clip), place.chosen


def main() -> None:
    """Do tasks until the parent closes the pipe.

    SIGINT and SIGTERM are ignored, since service managers send them to all processes: the parent
    decides when to stop, and lets the task in hand finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if memory := int(sys.argv[1]) * 1024 * 1024:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    drop_network()
    replies = _own_stdout()
    trouble = _import_measurements(sys.argv[2:])
    for line in sys.stdin:
        reply = {"unmeasurable": trouble} if trouble else _reply(line)
        print(json.dumps(reply), file=replies, flush=True)


def _import_measurements(modules: list[str]) -> str:
    """List the measurements and ears that other packages declare; gives what went wrong, or ""."""
    for module in modules:
        try:
            MEASUREMENTS.add_from(module)
            EARS.add_from(module)
        except Exception as error:  # noqa: BLE001 (others' code may raise anything)
            return f"{module} ({type(error).__name__}: {error})"
    return ""


def _reply(line: str) -> dict[str, Any]:
    try:
        task = TASKS.validate_json(line)
        result: Frozen
        if task.task == "survey":
            result = survey(task)
        elif task.task == "compose":
            result = composing_input(task)
        elif task.task == "listen":
            result = listen(task)
        elif task.task == "hear":
            result = hear_stored(task)
        else:
            result = prepare(task)
        return {"ok": result.model_dump_json()}
    except Unfit as error:
        return {"unfit": [error.reason, error.detail]}
    except Unusable as error:
        return {"unusable": [error.reason, error.detail]}
    except Unread as error:
        return {"unread": error.why}
    except MmussetError as error:
        return {"deaf": str(error)}
    except MemoryError:
        return {"unusable": ["took too much memory", MORE_MEMORY]}
    except OSError as error:
        return {"broken": f"{error.strerror} ({error.filename or 'reading or storing media'})"}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The hash of a picture as it is decoded to be stored, or why it can't be used."""

    sha256: str = ""
    trouble: tuple[str, str] = ("", "")


def _seen(source: MediaFile | bytes, task: SurveyTask) -> _Seen:
    """It is hashed before scaling, which would take three times as long as all the rest."""
    try:
        picture = still.open_upright(source, task.max_side_px)
        still.check_size(picture.size, task.min_side_px, task.max_side_px)
    except Unusable as error:
        return _Seen(trouble=(error.reason, error.detail))
    except MemoryError:
        return _Seen(trouble=("took too much memory", MORE_MEMORY))
    size = f"{picture.width}x{picture.height}:"
    return _Seen(hashlib.sha256(size.encode() + picture.tobytes()).hexdigest())


def _sound(media: MediaFile) -> Sound | None:
    """None where it can't be decoded: the item fails when its clip is cut."""
    try:
        return open_sound(media)
    except Unusable:
        return None


def _sound_sha256(sound: Sound) -> str:
    """The hash of two seconds of 16-bit PCM from the middle; "" where they can't be decoded.

    No hash of silence, or all pieces that are silent in the middle would be one.
    """
    # From a whole second on, so that containers which round the length still agree.
    middle_s = max(0, int(sound.duration_s / 2) - 1)
    try:
        samples = sound.window(middle_s, 2.0)
    except Unusable:
        return ""
    pcm = np.round(samples * 32768.0).clip(-32768, 32767).astype("<i2")
    if not len(pcm) or int(pcm.max()) - int(pcm.min()) < AUDIBLE:
        return ""
    return hashlib.sha256(pcm.tobytes()).hexdigest()


def _story(path: bytes) -> tuple[str, str]:
    """The given story, "" where there is none; and why a text can't be one.

    A text costs its music nothing: without it a story is written.
    """
    if not path:
        return "", ""
    with _naming(path), MediaFile(_path(path)) as media:
        try:
            return decode.read_text(media), ""
        except Unusable as error:
            return "", f"the text beside it is left out: {error.reason}: {error.detail}"


def _is_named_story(path: bytes | None) -> bool:
    """Whether a text is called a story by its name: then it is one, whatever it looks like."""
    return bool(path and STORY.search(path.rpartition(b".")[0]))


def _picture_in(sound: Sound, task: PrepareTask, start_s: float) -> "Image | None":
    """The picture that the music's own file holds; None where it is another file's."""
    part, origin = task.image, task.item.piece.picture.origin
    if origin == "video":
        return video.video_frame(
            sound.media,
            sound.begins_s + start_s,
            task.clip.seconds,
            part.min_side_px,
            part.max_side_px,
        )
    if not task.item.piece.picture.is_in_music:
        return None
    covers = _covers(tags.read(sound.media.reader(), sound.media.suffix), sound)
    planned = task.item.piece.picture.sha256
    cover = next((c for c in covers if hashlib.sha256(c.data).hexdigest() == planned), None)
    if cover is None:
        raise Unusable("picture can't be decoded", "the embedded cover is gone")
    return still.open_image(cover.data, part.min_side_px, part.max_side_px)


def _still(path: bytes, sha256: str, part: ImagePart) -> "Image":
    """A picture that is a file. Raises Unusable also where that is no longer the planned one."""
    with _naming(path), MediaFile(_path(path)) as media:
        if media.sha256() != sha256:
            raise Unusable("picture changed since it was planned")
        return still.open_image(media, part.min_side_px, part.max_side_px)


@contextmanager
def _naming(path: bytes) -> Iterator[None]:
    """What goes with the music is named where it can't be read."""
    try:
        yield
    except Unread as error:
        raise Unread(f"{_path(path).name}: {error.why}") from None


def _encode_jpeg(picture: "Image", quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _store(file: bytes, data: bytes) -> None:
    """Whole or absent; no fsync, since the ledger holds the hash and a lost file is cut again."""
    path = _path(file)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)


def _path(file: bytes) -> Path:
    return Path(os.fsdecode(file))


def _own_stdout() -> TextIO:
    """The replies' pipe, with stdout itself pointed at stderr: decoders write where they like."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(pipe, "w", encoding="ascii")


if __name__ == "__main__":
    main()
