"""A file as it is looked at before anything is planned: tags, length, cover, hashes."""

import hashlib
from dataclasses import dataclass

from mmusset.errors import Unread, Unusable
from mmusset.evidence import attached, still, video
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.played import open_played
from mmusset.evidence.recognition import recognition
from mmusset.evidence.sound import Sound, open_sound
from mmusset.scores.read import SUFFIXES as SCORE_SUFFIXES
from mmusset.scores.synthesis import SoundFont
from mmusset.sources import rights, sidecar, tags
from mmusset.sources.covers import Cover

from .tasks import (
    MORE_MEMORY,
    Survey,
    Surveyed,
    SurveyedFiles,
    SurveysTask,
    SurveyTask,
    path_of,
)


def survey_all(task: SurveysTask) -> SurveyedFiles:
    """What each of several files says of itself, or why it says nothing."""
    return SurveyedFiles(files=tuple(map(_surveyed, task.files)))


def _surveyed(task: SurveyTask) -> Surveyed:
    try:
        return Surveyed(survey=survey(task))
    except Unusable as error:
        return Surveyed(unusable=(error.reason, error.detail))
    except Unread as error:
        return Surveyed(unread=error.why)
    except MemoryError:
        return Surveyed(unusable=("took too much memory", MORE_MEMORY))


def survey(task: SurveyTask) -> Survey:
    """Read a file's tags, length, cover and content hash. Raises Unusable if it can't be opened."""
    kind = task.kind
    with MediaFile(path_of(task.file)) as media:
        sha256 = media.sha256() if task.hash_whole else media.sha256_of_places()
        if kind == "text":
            return Survey(sha256=sha256)
        if kind == "image":
            seen = _seen(media, task)
            return Survey(sha256=sha256, pixels_sha256=seen.sha256 or sha256, trouble=seen.trouble)
        if kind == "rights":
            said = rights.read(task.rights, media.read_at(0, rights.MOST_BYTES))
            return Survey(sha256=sha256, rights=said)
        if kind == "sidecar":
            return _sidecar(media, sha256)
        read = tags.read(media.reader(), media.suffix)
        sound = _sound(media, task)
        if task.stretch:
            sha256 = task.stretch.sha256(sha256)
            sound = sound and sound.stretch(task.stretch.start_s, task.stretch.end_s)
        has_frames = kind == "video" and (sound is None or _has_frames(sound, task.glance))
        cover, seen = (
            (None, _SurveyedPicture()) if has_frames else _best_cover(covers_in(read, sound), task)
        )
        sound_sha256, words = recognition(sound) if sound and not task.glance else ("", "")
        cover_sha256 = hashlib.sha256(cover.data).hexdigest() if cover else ""
        return Survey(
            sha256=sha256,
            duration_s=sound.duration_s if sound else 0.0,
            cover_sha256=cover_sha256,
            cover_is_front=cover is None or cover.is_front,
            trouble=seen.trouble,
            has_frames=has_frames,
            pixels_sha256=seen.sha256 or cover_sha256,
            sound_sha256=sound_sha256,
            fingerprint=words,
            tags=tags.filled_up(read.tags, sound.told) if sound else read.tags,
            stretch=task.stretch,
            album_artist=read.album_artist or tags.album_artist(sound.told if sound else {}),
        )


def _has_frames(sound: Sound, glance: bool) -> bool:
    """Whether a film has more to show than one colour, as behind a sound that was uploaded so; at a
    glance, whether it has anything to show."""
    if glance or not sound.has_frames:
        return sound.has_frames
    return video.shows_something(sound.media, sound.zero_s, sound.duration_s)


def covers_in(read: tags.TagRead, sound: Sound | None) -> tuple[Cover, ...]:
    """The pictures embedded in music, the likeliest cover first."""
    if read.covers or sound is None or not sound.has_attached:
        return read.covers
    return tuple(Cover(data) for data in attached.pictures(sound.media))


def _best_cover(
    covers: tuple[Cover, ...], task: SurveyTask
) -> tuple[Cover | None, "_SurveyedPicture"]:
    """The first cover that can be used, else the first; and what it shows."""
    looked = [(cover, _seen(cover.data, task)) for cover in covers[:1]]
    if looked and looked[0][1].trouble[0]:
        looked += [(cover, _seen(cover.data, task)) for cover in covers[1:]]
    usable = next(((cover, seen) for cover, seen in looked if not seen.trouble[0]), None)
    return usable or (looked[0] if looked else (None, _SurveyedPicture()))


def _sidecar(media: MediaFile, sha256: str) -> Survey:
    data = media.read_at(0, sidecar.MOST_BYTES + 1)
    try:
        texts = tuple(sidecar.texts_given(data))
        return Survey(sha256=sha256, tags=sidecar.read(data), texts=texts)
    except ValueError as error:
        raise Unusable("a sidecar that can't be read", str(error)) from None


@dataclass(frozen=True, slots=True)
class _SurveyedPicture:
    """The hash of a picture as it is decoded to be stored, "" of one that is not decoded; or why it
    can't be used."""

    sha256: str = ""
    trouble: tuple[str, str] = ("", "")


def _seen(source: MediaFile | bytes, task: SurveyTask) -> _SurveyedPicture:
    """It is hashed before scaling, which would take three times as long as all the rest."""
    try:
        if task.glance:
            still.check_size(still.size_of(source), task.min_side_px, task.max_side_px)
            return _SurveyedPicture()
        picture = still.open_upright(source, task.max_side_px)
        still.check_size(picture.size, task.min_side_px, task.max_side_px)
    except Unusable as error:
        return _SurveyedPicture(trouble=(error.reason, error.detail))
    except MemoryError:
        return _SurveyedPicture(trouble=("took too much memory", MORE_MEMORY))
    size = f"{picture.width}x{picture.height}:"
    return _SurveyedPicture(hashlib.sha256(size.encode() + picture.tobytes()).hexdigest())


def _sound(media: MediaFile, task: SurveyTask) -> Sound | None:
    """None where it can't be decoded: the item fails when its clip is cut. A score is played.

    Raises Unusable where that can't be done.
    """
    if task.soundfont and media.suffix in SCORE_SUFFIXES:
        return open_played(media, SoundFont.at(path_of(task.soundfont)))
    try:
        return open_sound(media)
    except Unusable:
        return None
