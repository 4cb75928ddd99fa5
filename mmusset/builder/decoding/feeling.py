"""What is measured of a file before it is known what it goes with, and what models make of it."""

from mmusset.ears.hearing import hear
from mmusset.ears.listed import ears_named
from mmusset.evidence import clip as clips
from mmusset.evidence import image as images
from mmusset.evidence import music, still
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.eyes.model import nearness
from mmusset.matching import themes

from .tasks import (
    Compared,
    CompareTask,
    FeelTask,
    Measurements,
    Themes,
    ThemesTask,
    path_of,
)

JPEG_QUALITY = 90


def feel(task: FeelTask) -> Measurements:
    """The evidence on a picture, or on the clip that a piece gives where it gives one.

    Raises Unusable or Unfit for the file's fault, Unread; OSError where it can't be stored.
    """
    part, silence_dbfs = task.image, task.clip.silence_dbfs
    with MediaFile(path_of(task.file)) as media:
        if task.is_picture:
            picture = still.open_image(media, part.min_side_px, part.max_side_px)
            if task.stem:
                picture.save(path_of(task.stem + b".jpg"), "JPEG", quality=JPEG_QUALITY)
            return Measurements(picture=images.measure(picture))
        sound = open_sound(media)
        if task.stretch:
            sound = sound.stretch(task.stretch.start_s, task.stretch.end_s)
        clip = clips.cut(sound, 0, 1, task.clip)
    if task.stem:
        path_of(task.stem + b".flac").write_bytes(clips.encode_flac(clip))
    evidence = music.measure(clip.samples, clip.rate_hz, silence_dbfs)
    heard = hear(clip.samples, clip.rate_hz, ears_named(task.ears), silence_dbfs)
    return Measurements(music=evidence.model_copy(update={"heard": heard}))


def tell_themes(task: ThemesTask) -> Themes:
    """How near what is stored comes to each theme. Raises MmussetError where the model can't be
    used."""
    of = themes.of_picture if task.is_picture else themes.of_music
    return Themes(nearness=of(path_of(task.file), task.model))


def compare(task: CompareTask) -> Compared:
    """How near stories are to a stored picture. Raises MmussetError where the model can't be
    used."""
    return Compared(cosines=nearness(path_of(task.picture), task.stories, task.model))
