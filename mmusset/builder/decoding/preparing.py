"""An item's media, cut, measured, heard and stored."""

import hashlib
import math
import os
from functools import cache

from mmusset.ears.declaration import Ear
from mmusset.ears.hearing import hear, mono_at
from mmusset.ears.hearing import opened as opened_ear
from mmusset.ears.listed import ears_named
from mmusset.ears.sounds import wav_of_clip
from mmusset.errors import Unfit, Unread, Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music
from mmusset.evidence import piece as pieces
from mmusset.evidence import quality as qualities
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.played import open_played
from mmusset.evidence.rounding import rounded
from mmusset.evidence.sound import Sound, open_sound
from mmusset.quality import Aesthetics
from mmusset.sample import Prepared
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.sample_parts.media import ClipFacts, ImageFacts, MediaFacts
from mmusset.scores.synthesis import SoundFont
from mmusset.sources import lyrics, sidecar
from mmusset.sources.pair import STORY
from mmusset.sources.sidecar import GivenText
from mmusset.structure import SPREAD, Chosen, placed

from .given_lyrics import given_lyrics
from .given_score import is_played, score_of_clip
from .pictures import encode_jpeg, naming, opened, opened_still, picture_beside, picture_in
from .tasks import (
    NO_CAPTION,
    AestheticsTask,
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
from .whole_piece import WholePiece, remember, whole_piece

LEAST_SECONDS = 2.0  # of sound that can be measured
MOST_CHARACTERS = 65_536  # of a text in a sidecar
# Why a text is no story.
NO_STORY = "the text beside it is lyrics, and no story: name it x.story.txt if it is one"


def composing_input(task: ComposingTask) -> ComposingInput:
    """Read what music is to be made from, and store the picture. Raises Unusable."""
    with opened(task.picture, task.picture_sha256) as media:
        picture = opened_still(media, task.image)
    story, _ = _given_text(task.story, "story")
    _store(task.stem + b".jpg", encode_jpeg(picture, task.image.jpeg_quality))
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
        whole = whole_piece(sound, task)
        clip, chosen = _cut(whole.known_in(sound), task, whole)
        picture = picture_in(sound, task, clip.start_s)
        sung = given_lyrics(media, task, text if is_lyrics else "", sound.offset_s + clip.start_s)
    remember(task, whole)  # not before the file is closed: only now all reads are known good
    picture = picture or picture_beside(task)
    flac = clips.encode_flac(clip)
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
            width_px=picture.width_px,
            height_px=picture.height_px,
            sha256=hashlib.sha256(picture.jpeg).hexdigest(),
            match=task.match,
        ),
        music_evidence=rounded(_evidence(task, clip, whole)),
        quality=qualities.measure(clip, task.clip.silence_dbfs),
        image_evidence=picture.evidence,
        lyrics=sung,
        frames=picture.frame_facts,
    )
    _store(task.stem + b".flac", flac)
    _store(task.stem + b".jpg", picture.jpeg)
    if picture.frames:
        _store(task.stem + b".frames.jpg", picture.frames)
    if picture.for_model:
        _store(task.stem + b".model.jpg", picture.for_model)
    if whole.flac:
        _store(task.stem + b".places.flac", whole.flac)
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
        music=rounded(evidence.model_copy(update={"heard": heard})),
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


def like(task: AestheticsTask) -> Aesthetics:
    """What listeners would give a stored clip. Raises as `hear_stored` does."""
    from mmusset.ears.aesthetics import model

    judge, by = model.opened(task.model)
    with MediaFile(path_of(task.flac)) as media:
        sound = open_sound(media)
        samples = sound.window(0, sound.duration_s)
    return Aesthetics(by=by, **judge(samples, sound.rate_hz))


@cache
def _opened(name: str, model: str) -> Ear:
    (ear,) = ears_named((name,))
    return opened_ear(ear, model)


def _store_sound(stem: bytes, clip: clips.Clip, silence_dbfs: float) -> None:
    _store(stem + b".listener.wav", wav_of_clip(clip.samples, clip.rate_hz, silence_dbfs))


def _evidence(task: PrepareTask, clip: clips.Clip, whole: WholePiece) -> MusicEvidence:
    """What is measured on a clip and its piece, and what the task's ears hear in one of them."""
    silence_dbfs = task.clip.silence_dbfs
    signal = pieces.signal_of(clip, whole.heard_at, silence_dbfs)
    measured = music.measure_signal(signal, whole.evidence)
    listening = ears_named(task.ears)
    heard = whole.heard or hear(clip.samples, clip.rate_hz, listening, silence_dbfs)
    if task.whole:
        measured = pieces.throughout(measured, whole.everywhere)
    return measured.model_copy(
        update={
            "heard": heard,
            "sections": placed(whole.sections, clip.start_s),
            "score": score_of_clip(whole.score, task, clip),
        }
    )


def _opened_sound(media: MediaFile, task: PrepareTask) -> Sound:
    if is_played(task):
        return open_played(media, SoundFont.at(path_of(task.soundfont)))
    return open_sound(media)


def _cut(sound: Sound, task: PrepareTask, whole: WholePiece) -> tuple[clips.Clip, Chosen]:
    """The item's clip: where it was cut before, where it is chosen, or from its own stretch."""
    item = task.item
    if before := task.cut_before:
        return clips.cut_at(sound, before.start_s, task.clip), before.chosen
    if not whole.chosen:  # spread out, or nothing to choose from
        chosen = SPREAD if task.clip.choose == "spread" else Chosen(by=task.clip.choose, places=1)
        return clips.cut(sound, item.clip_index, item.clip_count, task.clip), chosen
    if item.clip_index >= len(whole.chosen):
        sounding = f"only {len(whole.chosen)} places of the piece sound"
        raise Unfit("silent", sounding)
    place = whole.chosen[item.clip_index]
    return clips.cut_at(sound, place.start_s, task.clip), place.chosen


def _given_text(path: bytes, what: GivenText) -> tuple[str, str]:
    """The given story or caption, "" where there is none; and why a text can't be one.

    A text costs its music nothing: without it one is written.
    """
    if not path:
        return "", ""
    with naming(path), MediaFile(path_of(path)) as media:
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


def _store(file: bytes, data: bytes) -> None:
    """Whole or absent; no fsync, since the ledger holds the hash and a lost file is cut again."""
    path = path_of(file)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
