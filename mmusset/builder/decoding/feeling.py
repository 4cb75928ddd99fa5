"""How a file feels: what is measured of it before it is known what it goes with."""

from mmusset.ears.hearing import hear
from mmusset.ears.listed import ears_named
from mmusset.evidence import clip as clips
from mmusset.evidence import image as images
from mmusset.evidence import music, still
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.matching.affect import Affect, of_music, of_picture

from .tasks import FeelTask, path_of


def feel(task: FeelTask) -> Affect:
    """The affect of a picture, or of the clip that a piece gives where it gives one.

    Raises Unusable or Unfit for the file's fault, Unread.
    """
    part, silence_dbfs = task.image, task.clip.silence_dbfs
    with MediaFile(path_of(task.file)) as media:
        if task.is_picture:
            picture = still.open_image(media, part.min_side_px, part.max_side_px)
            return of_picture(images.measure(picture))
        sound = open_sound(media)
        if task.stretch:
            sound = sound.stretch(task.stretch.start_s, task.stretch.end_s)
        clip = clips.cut(sound, 0, 1, task.clip)
    evidence = music.measure(clip.samples, clip.rate_hz, silence_dbfs)
    heard = hear(clip.samples, clip.rate_hz, ears_named(task.ears), silence_dbfs)
    return of_music(evidence.model_copy(update={"heard": heard}))
