"""Which column of a table holds what: by the names that people and datasets give them, or as a
recipe says."""

import difflib
import re
from collections.abc import Collection, Mapping

from mmusset.errors import UsageError
from mmusset.recipe_parts.source import Role

# In plain letters, the likeliest first. What holds the name of a file is tried in this order until
# one is there: ACE-Step's `audio_path` is one of whoever wrote the table, its `filename` is here.
_USUAL: dict[Role, str] = {
    "music": "audio audio_path audio_file audio_file_name audio_filename file_name filename file"
    " path file_path filepath music music_path wav wav_path mp3 flac location",
    "id": "ytid youtube_id track_id clip_id audio_id id track.id",
    "image": "image image_path image_file image_file_name image_filename picture img img_path cover"
    " cover_path cover_image artwork thumbnail",
    "caption": "caption main_caption music_caption text_caption recaption description prompt text",
    "story": "story",
    "lyrics": "lyrics norm_lyrics raw_lyrics",
    "start_s": "start_s start start_time start_seconds start_sec",
    "end_s": "end_s end end_time end_seconds end_sec",
    "title": "title track_title track.title song_title",
    "artist": "artist artist_name artists artist.name",
    "album": "album album_title album_name album.title",
    "genre": "genre genres genre_top track.genre_top",
    "mood": "mood moods",
    "bpm": "bpm tempo",
    "key": "key keyscale key_scale",
    "instruments": "instruments instrument",
    "license": "license licence track_license track.license license_url",
}


def roles_of(columns: Collection[str], mapped: Mapping[Role, str]) -> dict[Role, tuple[str, ...]]:
    """The columns of each role, the likeliest first: the one that is `mapped`, else those with a
    usual name.

    Raises UsageError, with the nearest column, for a mapped one that is not there.
    """
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    found: dict[Role, tuple[str, ...]] = {}
    for role, names in _USUAL.items():
        if role in mapped:
            found[role] = (_mapped(role, mapped[role], columns),)
        elif there := tuple(plain[name] for name in names.split() if name in plain):
            found[role] = there
    return found


def _mapped(role: Role, column: str, columns: Collection[str]) -> str:
    if column in columns:
        return column
    near = difflib.get_close_matches(column, columns, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(columns)[:20])}"
    raise UsageError(f"source.columns.{role}: the table has no column {column!r}; {hint}")


def _plain(column: str) -> str:
    return re.sub(r"[\s\-]+", "_", column.strip().casefold())
