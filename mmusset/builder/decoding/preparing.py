"""An item's media, cut, measured, heard and stored."""

import hashlib
import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from mmusset.ears.declaration import Ear
from mmusset.ears.hearing import hear, mono_at, opened, voice_in
from mmusset.ears.listed import ears_named
from mmusset.ears.sounds import wav_of_clip
from mmusset.errors import Unfit, Unread, Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music, sections, still, video
from mmusset.evidence import image as images
from mmusset.evidence import piece as pieces
from mmusset.evidence import quality as qualities
from mmusset.evidence.choice import ChosenPlace, choose
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.played import open_played
from mmusset.evidence.sound import Sound, open_sound
from mmusset.recipe import ClipPart, ImagePart
from mmusset.sample import ClipFacts, ImageFacts, MediaFacts, MusicEvidence, Prepared
from mmusset.score import Score
from mmusset.scores.evidence import PieceScore
from mmusset.scores.synthesis import SoundFont
from mmusset.sources import lyrics, sidecar, tags
from mmusset.sources.pair import STORY
from mmusset.sources.sidecar import GivenText
from mmusset.speakers.picture import fit
from mmusset.structure import SPREAD, Chosen, Section, placed

from .borne_out import borne_out
from .given_lyrics import given_lyrics
from .given_score import is_played, score_of_clip, score_of_piece
from .surveying import covers_in
from .tasks import (
    NO_CAPTION,
    CaptionedClip,
    CaptionedTask,
    ComposingInput,
    ComposingTask,
    HearTask,
    Listened,
    ListenTask,
    PrepareTask,
    Sung,
    TranscribeTask,
    path_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_SECONDS = 2.0  # of sound that can be measured
MOST_CHARACTERS = 65_536  # of a text in a sidecar
# Why a text is no story.
NO_STORY = "the text beside it is lyrics, and no story: name it x.story.txt if it is one"
PIECES_KEPT = 64  # the clips of a piece come soon after each other


def composing_input(task: ComposingTask) -> ComposingInput:
    """Read what music is to be made from, and store the picture. Raises Unusable."""
    picture = _still(task.picture, task.picture_sha256, task.image)
    story, _ = _given_text(task.story, "story")
    _store(task.stem + b".jpg", _encode_jpeg(picture, task.image.jpeg_quality))
    return ComposingInput(story=story)


def prepare(task: PrepareTask) -> Prepared:
    """Cut the clip and the picture, measure both, store both.

    Raises Unusable or Unfit for the item's fault, Unread where the machine can't read it; OSError
    where it can't store it.
    """
    piece = task.item.piece
    text, set_aside = _given_text(task.originals.story, "story")
    caption, no_caption = _given_text(task.originals.caption, "caption")
    set_aside = "; ".join(filter(None, (set_aside, no_caption)))
    is_lyrics = not _is_named_story(piece.story_path) and lyrics.is_verse(text)
    with MediaFile(path_of(task.originals.music)) as media:
        sha256, stretch = media.sha256(), piece.stretch
        if (stretch.sha256(sha256) if stretch else sha256) != piece.music.sha256:
            raise Unusable("changed since it was planned")
        sound = _opened_sound(media, task)
        if stretch:
            sound = sound.stretch(stretch.start_s, stretch.end_s)
        whole = _known_pieces.get(_known_by(task)) or _heard_whole(sound, task)
        clip, chosen = _cut(sound, task, whole)
        picture = _picture_in(sound, task, clip.start_s)
        sung = given_lyrics(media, task, text if is_lyrics else "", sound.offset_s + clip.start_s)
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
            match=task.match,
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
        text, set_aside = "", "; ".join(filter(None, (NO_STORY, no_caption)))
    return Prepared(media=facts, given_story=text, given_caption=caption, set_aside=set_aside)


def listen(task: ListenTask) -> Listened:
    """Cut a piece's first clip for a listener, and have ears listen to it.

    Raises Unusable or Unfit for the file's fault, Unread; OSError where it can't be stored.
    """
    with MediaFile(path_of(task.file)) as media:
        clip = clips.cut(open_sound(media), 0, 1, task.clip)
    _store(task.stem + b".flac", clips.encode_flac(clip))
    _store_sound(task.stem, clip, task.clip.silence_dbfs)
    listening = ears_named(task.ears)
    heard = hear(clip.samples, clip.rate_hz, listening, task.clip.silence_dbfs)
    return Listened(heard=heard)


def captioned(task: CaptionedTask) -> CaptionedClip:
    """A given caption, and the evidence on a clip of its music.

    Raises Unusable or Unfit where one of them can't be used, Unread; OSError where the clip can't
    be stored.
    """
    text, why = _given_text(task.caption, "caption")
    if not text.strip():
        raise Unusable(NO_CAPTION, why)
    silence_dbfs = task.clip.silence_dbfs
    with MediaFile(path_of(task.music)) as media:
        sha256, sound = media.sha256(), open_sound(media)
        if task.stretch:
            sha256 = task.stretch.sha256(sha256)
            sound = sound.stretch(task.stretch.start_s, task.stretch.end_s)
        seconds = min(task.clip.seconds, math.floor(1e3 * sound.duration_s) / 1e3)
        if seconds < LEAST_SECONDS:
            detail = f"{sound.duration_s:.2f} s of {LEAST_SECONDS:g} s"
            raise Unusable("too short to be measured", detail)
        clip = clips.cut(sound, 0, 1, task.clip.model_copy(update={"seconds": seconds}))
        whole = _whole(task) or pieces.measure(sound, silence_dbfs)
    evidence = music.measure(clip.samples, clip.rate_hz, silence_dbfs, whole)
    heard = hear(clip.samples, clip.rate_hz, ears_named(task.ears), silence_dbfs)
    if task.flac:
        _store(task.flac, clips.encode_flac(clip))
    return CaptionedClip(
        caption=text.strip(),
        sha256=sha256,
        start_s=clip.start_s,
        music=evidence.model_copy(update={"heard": heard}),
    )


def _whole(task: CaptionedTask) -> pieces.PieceEvidence | None:
    """What is measured on the piece that a clip was cut from; None where it is not there."""
    if not task.piece:
        return None
    try:
        with MediaFile(path_of(task.piece)) as media:
            if media.sha256() != task.piece_sha256:
                return None
            return pieces.measure(open_sound(media), task.clip.silence_dbfs)
    except (Unusable, Unread):
        return None


def hear_stored(task: HearTask) -> Listened:
    """Have ears whose models are heavy listen to a stored clip.

    Raises MmussetError where a model can't be used, Unread where the clip is gone.
    """
    with MediaFile(path_of(task.flac)) as media:
        sound = open_sound(media)
        samples = sound.window(0, sound.duration_s)
    listening = [_opened(name, model) for name, model in task.models.items()]
    return Listened(heard=hear(samples, sound.rate_hz, listening, task.silence_dbfs))


def transcribe(task: TranscribeTask) -> Sung:
    """Write down what is sung in a stored clip. Raises as `hear_stored` does."""
    from mmusset.ears.whisper import model

    write, by = model.opened(task.model, task.language)
    with MediaFile(path_of(task.flac)) as media:
        sound = open_sound(media)
        samples = sound.window(0, sound.duration_s)
    mono = mono_at(samples, sound.rate_hz, model.RATE_HZ, task.silence_dbfs)
    return Sung(by=by, words="" if mono is None else write(mono))


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
    if task.whole:
        measured = pieces.throughout(measured, whole.everywhere)
    return measured.model_copy(
        update={
            "heard": heard,
            "sections": placed(whole.sections, clip.start_s),
            "score": score_of_clip(whole.score, task, clip),
        }
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all clips of a piece share: what was measured on it, and where clips were chosen."""

    evidence: pieces.PieceEvidence
    places: tuple[ChosenPlace, ...]
    sections: tuple[Section, ...]
    score: PieceScore | Score
    everywhere: pieces.Everywhere = field(default_factory=dict)


# By the music's hash, how many clips are cut from it, how, and what is asked for of all of it.
_KnownBy = tuple[str, int, ClipPart, bool, bool, bool]
_known_pieces: dict[_KnownBy, _Whole] = {}


def _known_by(task: PrepareTask) -> _KnownBy:
    item, is_new = task.item, task.cut_before is None
    return item.piece.music.sha256, item.clip_count, task.clip, is_new, task.sections, task.whole


def _remember(task: PrepareTask, whole: _Whole) -> None:
    if len(_known_pieces) >= PIECES_KEPT:
        _known_pieces.clear()
    _known_pieces[_known_by(task)] = whole


def _heard_whole(sound: Sound, task: PrepareTask) -> _Whole:
    silence_dbfs = task.clip.silence_dbfs
    signals = [signal for _, signal in pieces.signals_of(sound, silence_dbfs)]
    evidence = pieces.pooled(signals)
    everywhere = pieces.everywhere(signals) if task.whole else {}
    found = sections.measure(sound, silence_dbfs) if task.sections else ()
    if task.whole:
        found = borne_out(found, sound, ears_named(task.ears), silence_dbfs)
    score = score_of_piece(sound, task)
    if task.clip.choose == "spread" or task.cut_before:
        return _Whole(evidence, (), found, score, everywhere)
    singers = [ear for ear in ears_named(task.ears) if ear.hears_voices]

    def voice(clip: clips.Clip) -> tuple[float, float]:
        return voice_in(hear(clip.samples, clip.rate_hz, singers, silence_dbfs), singers)

    places = choose(sound, task.item.clip_count, task.clip, voice)
    return _Whole(evidence, places, found, score, everywhere)


def _opened_sound(media: MediaFile, task: PrepareTask) -> Sound:
    if is_played(task):
        return open_played(media, SoundFont.at(path_of(task.soundfont)))
    return open_sound(media)


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


def _given_text(path: bytes, what: GivenText) -> tuple[str, str]:
    """The given story or caption, "" where there is none; and why a text can't be one.

    A text costs its music nothing: without it one is written.
    """
    if not path:
        return "", ""
    with _naming(path), MediaFile(path_of(path)) as media:
        try:
            if media.suffix == ".json":
                return _of_sidecar(media, what), ""
            return decode.read_text(media, what), ""
        except Unusable as error:
            return "", f"the text beside it is left out: {error.reason}: {error.detail}"


def _of_sidecar(media: MediaFile, what: GivenText) -> str:
    try:
        text = sidecar.texts_given(media.read_at(0, sidecar.MOST_BYTES + 1)).get(what, "")
    except ValueError as error:
        raise Unusable(f"{what} can't be read", str(error)) from None
    if len(text) > MOST_CHARACTERS:
        raise Unusable(f"{what} is too long", f"over {MOST_CHARACTERS} characters")
    return text


def _is_named_story(path: bytes | None) -> bool:
    """Whether a text is called a story by its name: then it is one, whatever it looks like."""
    return bool(path and STORY.search(path.rpartition(b".")[0]))


def _picture_in(sound: Sound, task: PrepareTask, start_s: float) -> "Image | None":
    """The picture that the music's own file holds; None where it is another file's."""
    part, origin = task.image, task.item.piece.picture.origin
    if origin == "video":
        return video.video_frame(
            sound.media,
            sound.zero_s + start_s,
            task.clip.seconds,
            part.min_side_px,
            part.max_side_px,
        )
    if not task.item.piece.picture.is_in_music:
        return None
    covers = covers_in(tags.read(sound.media.reader(), sound.media.suffix), sound)
    planned = task.item.piece.picture.sha256
    cover = next((c for c in covers if hashlib.sha256(c.data).hexdigest() == planned), None)
    if cover is None:
        raise Unusable("picture can't be decoded", "the embedded cover is gone")
    return still.open_image(cover.data, part.min_side_px, part.max_side_px)


def _still(path: bytes, sha256: str, part: ImagePart) -> "Image":
    """A picture that is a file. Raises Unusable also where that is no longer the planned one."""
    with _naming(path), MediaFile(path_of(path)) as media:
        if media.sha256() != sha256:
            raise Unusable("picture changed since it was planned")
        return still.open_image(media, part.min_side_px, part.max_side_px)


@contextmanager
def _naming(path: bytes) -> Iterator[None]:
    """What goes with the music is named where it can't be read."""
    try:
        yield
    except Unread as error:
        raise Unread(f"{path_of(path).name}: {error.why}") from None


def _encode_jpeg(picture: "Image", quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _store(file: bytes, data: bytes) -> None:
    """Whole or absent; no fsync, since the ledger holds the hash and a lost file is cut again."""
    path = path_of(file)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
