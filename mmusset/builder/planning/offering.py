"""Files that are paired become an offer: their surveys put together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from mmusset.builder.decoding.tasks import Survey
from mmusset.sample_parts.piece import Piece, SourceFile, SourcePicture, Tags
from mmusset.sources.group import file_label, labels
from mmusset.sources.pair import Pairing
from mmusset.sources.sidecar import together
from mmusset.sources.source import NO_ROW, Row, Source

from .offers import Offer, OtherPicture


@dataclass(frozen=True, slots=True)
class LonePicture:
    """A picture without music, for which some is to be generated.

    `pixels_sha256` is of the decoded picture; `story_sha256` is "" without a story.
    """

    picture: SourcePicture
    pixels_sha256: str
    story_path: bytes | None
    story_sha256: str

    def with_music(self, music: Survey, source: Source) -> Offer:
        """What the picture and its music offer."""
        file = SourceFile(self.picture.path, music.sha256)
        piece = Piece(file, music.duration_s, self.picture, self.story_path, Tags())
        return _offer(piece, self.pixels_sha256, music, source)


def lone_picture(pairing: Pairing, surveys: Mapping[bytes, Survey]) -> LonePicture:
    image = surveys[pairing.image]
    picture = SourcePicture(pairing.image, image.sha256, "alone")
    story_sha256 = surveys[pairing.story].sha256 if pairing.story else ""
    return LonePicture(picture, image.pixels_sha256, pairing.story, story_sha256)


def tags_of(surveys: Mapping[bytes, Survey], music: bytes, beside: tuple[bytes, bytes]) -> Tags:
    """What is told of music, by its own tags and by the files beside it."""
    if not any(beside):
        return surveys[music].tags
    own, album = (surveys.get(path, Survey(sha256="")) for path in beside)
    of_album = album.tags.model_copy(update={"title": ""})  # that is the album's own
    return together(own.tags, surveys[music].tags, of_album)


def offer_of(
    pairing: Pairing,
    surveys: Mapping[bytes, Survey],
    beside: tuple[bytes, bytes],
    source: Source,
) -> Offer:
    music, image = surveys[pairing.music], surveys[pairing.image]
    if pairing.image_origin.startswith("embedded"):
        image_sha256, pixels_sha256 = music.cover_sha256, music.pixels_sha256
    elif pairing.image_origin == "video":
        # Its picture is one of many frames: what other pieces could share is the video itself.
        image_sha256 = pixels_sha256 = music.sha256
    else:
        image_sha256, pixels_sha256 = image.sha256, image.pixels_sha256
    file = SourceFile(pairing.music, music.sha256)
    picture = SourcePicture(pairing.image, image_sha256, pairing.image_origin)
    own = surveys.get(beside[0], Survey(sha256=""))
    tags = tags_of(surveys, pairing.music, beside)
    texts = dict.fromkeys(own.texts, beside[0])
    piece = Piece(
        file,
        music.duration_s,
        picture,
        pairing.story or texts.get("story"),
        tags,
        pairing.lyrics or texts.get("lyrics"),
        pairing.caption or texts.get("caption"),
        pairing.row.stretch,
        pairing.score,
        tuple(SourcePicture(p, surveys[p].sha256, "sequence") for p in pairing.sequence),
    )
    offer = _offer(piece, pixels_sha256, music, source, pairing.row)
    more = (*pairing.sequence[1:], *(path for path, _ in pairing.others))
    shared = (labels((), (), surveys[path].pixels_sha256) for path in more)
    others = tuple(
        OtherPicture(SourcePicture(path, surveys[path].sha256, "matched"), story)
        for path, story in pairing.others
    )
    return replace(offer, labels=(*offer.labels, *chain.from_iterable(shared)), others=others)


def _offer(
    piece: Piece, pixels_sha256: str, music: Survey, source: Source, row: Row = NO_ROW
) -> Offer:
    artists: tuple[str, ...] = (piece.tags.artist, music.album_artist)
    # They are asked for where no artist is named.
    groups: Iterable[bytes] = chain.from_iterable(map(source.groups, (piece.music.path,)))
    if row.kept_group:  # it is of more than an artist, and stays as it is
        artists, groups = (), (b"kept:" + row.kept_group.encode(),)
    found = labels(artists, groups, pixels_sha256, music.sound_sha256)
    if row.stretch:
        found = (*found, file_label(row.file))
    return Offer(piece, found, row.kept_split)
