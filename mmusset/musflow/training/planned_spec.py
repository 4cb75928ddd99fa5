"""The latents and embeddings that a training will have, before its codec and encoders are loaded.

Pretrained parts in the table of published sizes are described by it, so a plan needs neither
network nor weights; what is in no table is opened.
"""

from dataclasses import replace

from mmusset.musflow.codecs.bundled import geometry_of
from mmusset.musflow.codecs.codec import open_codec
from mmusset.musflow.codecs.pretrained import samples_at
from mmusset.musflow.data.cache import LAYOUT, LatentSpec
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.recipe import CodecPart, EncoderPart, EncodersPart
from mmusset.training.memory import GIB
from mmusset.training.published import CODECS, ENCODERS, CodecSize

from .stages import Training

UNKNOWN = "not loaded"  # the identity of published weights that nobody has read yet
UNFITTED = "bundled/not fitted yet"  # that of a codec which no cache can have been made by
MODALITIES_AND_AUDIO = tuple(EncodersPart.model_fields)


def planned_spec(training: Training) -> LatentSpec:
    """The spec; identities are UNKNOWN where the weights are not loaded.

    Raises MmussetError where a model in no table can't be loaded.
    """
    recipe, device = training.recipe, training.world.device
    codec = _published_codec(training)
    published = {name: _published_width(recipe.encoders, name) for name in MODALITIES_AND_AUDIO}
    if codec is None or None in published.values():
        show_licences(recipe, training.progress.log)
    if None in published.values():
        encoders = open_encoders(recipe.encoders, device)
        identities, widths = encoders.identities(), encoders.widths()
    else:
        bundled = open_encoders(EncodersPart())
        own = bundled.identities()
        widths = {name: width or 0 for name, width in published.items()}
        identities = {
            name: own[name] if _part(recipe.encoders, name).kind == "bundled" else UNKNOWN
            for name in MODALITIES_AND_AUDIO
        }
    if codec is not None:
        return LatentSpec(
            codec=UNFITTED if recipe.codec.kind == "bundled" else UNKNOWN,
            encoders=identities,
            widths=widths,
            rate_hz=codec.rate_hz,
            channels=codec.channels,
            latent_channels=codec.latent_channels,
            samples_per_latent=codec.samples_per_latent,
            captions=recipe.data.captions,
            shifts=recipe.data.shifts,
            layout=LAYOUT,
        )
    opened = open_codec(recipe.codec, training.folder.codec, device)
    return LatentSpec(
        codec=opened.identity,
        encoders=identities,
        widths=widths,
        rate_hz=opened.rate_hz,
        channels=opened.channels,
        latent_channels=opened.latent_channels,
        samples_per_latent=opened.samples_per_latent,
        captions=recipe.data.captions,
        shifts=recipe.data.shifts,
        layout=LAYOUT,
    )


def agree(planned: LatentSpec, actual: LatentSpec) -> bool:
    """Whether a planned spec may be that of a cache or a checkpoint: all that is known of it is."""
    known = planned.model_copy(
        update={
            "codec": actual.codec if planned.codec == UNKNOWN else planned.codec,
            "encoders": {
                name: actual.encoders.get(name, "") if identity == UNKNOWN else identity
                for name, identity in planned.encoders.items()
            },
        }
    )
    return known == actual


def pretrained_gib(training: Training) -> float:
    """GiB of the float32 weights of a recipe's pretrained parts, as far as they are published.

    A model that several encoders share is loaded once.
    """
    codec, encoders = training.recipe.codec, training.recipe.encoders
    parameters = CODECS[codec.model].parameters if codec.model in CODECS else 0
    parts = {_part(encoders, name) for name in MODALITIES_AND_AUDIO}
    parameters += sum(ENCODERS[p.model].parameters for p in parts if p.model in ENCODERS)
    return 4 * parameters / GIB


def _published_codec(training: Training) -> CodecSize | None:
    """The sizes of a published codec, or of a bundled one that is still to be fitted."""
    part = training.recipe.codec
    if part.kind != "bundled":
        return _at_rate(CODECS.get(part.model), part)
    if (training.folder.codec / "codec.json").exists():
        return None
    return _unfitted(part)


def _at_rate(size: CodecSize | None, part: CodecPart) -> CodecSize | None:
    """The sizes at the recipe's rate; None where they don't go with it, so that opening the codec
    says why."""
    if size is None or part.kind != "oobleck" or part.rate_hz == size.rate_hz:
        return size
    samples = samples_at(size.samples_per_latent, size.rate_hz, part.rate_hz)
    return replace(size, rate_hz=part.rate_hz, samples_per_latent=samples) if samples else None


def _unfitted(part: CodecPart) -> CodecSize:
    return CodecSize(
        parameters=0,
        rate_hz=part.rate_hz,
        channels=part.sound_channels,
        latent_channels=part.channels,
        samples_per_latent=geometry_of(part, part.crop_seconds).samples_per_latent,
    )


def _published_width(encoders: EncodersPart, name: str) -> int | None:
    part = _part(encoders, name)
    if part.kind == "bundled":
        return open_encoders(EncodersPart()).widths()[name]
    size = ENCODERS.get(part.model)
    return size.width if size else None


def _part(encoders: EncodersPart, name: str) -> EncoderPart:
    part: EncoderPart = getattr(encoders, name)
    return part
