"""`mmusset generate`: a file for each request, those that are there already left alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mmusset.errors import MmussetError
from mmusset.musflow.recipe import SamplerPart
from mmusset.musflow.sound.sound_file import hash_in, hash_of

from .generator import GeneratedPiece, MusicGenerator
from .requests import GenerationRequest


def generate_pieces(
    generator: MusicGenerator,
    requests: Sequence[GenerationRequest],
    sampler: SamplerPart,
    closest: int,
) -> Iterator[GeneratedPiece]:
    """Each piece once its file is written, with its `closest` nearest training clips.

    All requests are checked before the first is composed. Files that are there already stay,
    if they are the same pieces. Raises MmussetError where they are others.
    """
    clips = generator.training_clips() if closest else None
    pending = [request for request in requests if not _exists(generator, request, sampler)]
    for request in pending:
        generator.conditions(request)
    for request in pending:
        request.out.parent.mkdir(exist_ok=True)
        piece, sound = generator.write(request, sampler)
        if clips:
            nearest = tuple(clips.nearest(generator.audio_vector(sound), closest))
            piece = replace(piece, closest=nearest, clips_nearest=clips.median_similarity)
        yield piece


def with_steps(sampler: SamplerPart, steps: int | None, method: str | None) -> SamplerPart:
    """A sampler with another number of steps or another method, where they are given."""
    changes = {"steps": steps, "method": method}
    return SamplerPart.model_validate(
        sampler.model_dump() | {name: value for name, value in changes.items() if value}
    )


def _exists(generator: MusicGenerator, request: GenerationRequest, sampler: SamplerPart) -> bool:
    """Whether this very piece was written before. Raises MmussetError for another file there."""
    if not request.out.exists():
        return False
    if hash_in(request.out) != hash_of(generator.tags(request, sampler)):
        raise MmussetError(
            f"{request.where}{request.out} is there already, and is not this piece;"
            " name another folder with --out"
        )
    generator.log(f"{request.out} is there already, and stays")
    return True
