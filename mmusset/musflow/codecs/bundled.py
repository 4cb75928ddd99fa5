"""The bundled codec: saved and loaded. `musflow/training/codec_stage.py` fits it."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from mmusset.bounded import MOST_TEXT, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import write_bytes_durably, write_durably
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.sound.geometry import Geometry

from .mel_vae import MelVae

HEAD = ("head_width", "head_depth")
# Those fitted earlier lack them: they are mono, and their level is not corrected.
STEREO, LEVEL = "sound_channels", "level"
SHAPE = ("rate_hz", "n_fft", "hop", "mels", "squeeze", "channels", "width", "depth", *HEAD, STEREO)


class BundledCodec:
    """The small VAE over log-mels, as a Codec."""

    def __init__(self, vae: MelVae, device: str = "cpu") -> None:
        self.vae = vae.to(device).eval()
        geometry = vae.geometry
        self.channels = vae.sound_channels
        self.rate_hz = geometry.rate_hz
        self.latent_channels = geometry.latent_channels
        self.samples_per_latent = geometry.samples_per_latent
        self.identity = f"bundled/{_weights_sha256(vae)}"

    def encode(self, sound: Tensor) -> tuple[Tensor, None]:
        """Means `[B, T, C]`; a remainder at the end has no latent.

        No deviations: once it is fitted, they are a thousandth of the means' variance.
        """
        whole = sound.shape[2] // self.samples_per_latent * self.samples_per_latent
        mean, _ = self.vae.encode(sound[..., :whole])
        return mean, None

    def decode(self, latents: Tensor) -> Tensor:
        """Sound `[B, channels, samples]`."""
        return self.vae.decode(latents)


def geometry_of(part: CodecPart, seconds: float) -> Geometry:
    """The geometry of clips of a length under a recipe's codec."""
    return Geometry(
        part.rate_hz, seconds, part.n_fft, part.hop, part.mels, part.squeeze, part.channels
    )


def unfitted(part: CodecPart, geometry: Geometry) -> MelVae:
    """The network of a recipe's codec, for sounds of this geometry."""
    head = part.head_width, part.head_depth
    return MelVae(geometry, part.width, part.depth, *head, part.sound_channels)


@torch.no_grad()
def reconstruction_error_db(vae: MelVae, sounds: Tensor) -> float:
    """Mean absolute difference of log-mels, in dB, of sounds `[B, sound_channels, samples]` after
    encoding and decoding."""
    geometry = vae.geometry
    whole = sounds.shape[2] // geometry.samples_per_latent * geometry.samples_per_latent
    features = vae.features(sounds[..., :whole])
    mean, _ = vae.posterior(features)
    return decibels(float((vae.features_of(mean).mel - features.mel).abs().mean()))


def decibels(nepers: float) -> float:
    """Natural logarithms of magnitude as decibels."""
    return 8.685889638 * nepers


def save_bundled(vae: MelVae, part: CodecPart, folder: Path) -> None:
    """Write weights and settings, each atomically; the settings last."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.cpu() for name, value in vae.state_dict().items()}
    write_durably(folder / "codec.pt", lambda file: torch.save(weights, file), "codec")
    settings = json.dumps(_shape(part)).encode()
    write_bytes_durably(folder / "codec.json", settings, "codec_settings")


def load_bundled(part: CodecPart, folder: Path, device: str = "cpu") -> BundledCodec:
    """The codec that was fitted. Raises MmussetError where none was, Refused where the recipe
    now asks for another shape."""
    try:
        settings = json.loads(read_bounded(folder / "codec.json", MOST_TEXT))
        weights = torch.load(folder / "codec.pt", weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise MmussetError(
            f"no codec in {folder}; `mmusset train OUT --stage codec` fits it"
        ) from None
    except Exception as error:  # noqa: BLE001  pickle raises whatever it likes at foreign files
        raise MmussetError(
            f"the codec in {folder} is damaged ({type(error).__name__}): train into another"
            " folder (--out), or put back a copy"
        ) from None
    if not settings.keys() >= set(HEAD):
        raise Refused(
            f"the codec in {folder} is of an earlier version, without the head that makes sound:"
            " train into another folder (--out)"
        )
    settings = {STEREO: 1} | settings
    if settings != _shape(part):
        raise Refused(
            f"the codec in {folder} has {_differences(settings, _shape(part))};"
            " train into another folder (--out), or take the recipe that it was fitted with"
        )
    vae = unfitted(part, geometry_of(part, part.crop_seconds))
    vae.load_state_dict({LEVEL: vae.level} | weights)
    return BundledCodec(vae, device)


def _shape(part: CodecPart) -> dict[str, int]:
    return {name: getattr(part, name) for name in SHAPE}


def _differences(fitted: dict[str, int], recipe: dict[str, int]) -> str:
    different = (name for name in recipe if fitted.get(name) != recipe[name])
    return ", ".join(f"{name} {fitted.get(name)}, not {recipe[name]}" for name in different)


def _weights_sha256(vae: MelVae) -> str:
    hashed = hashlib.sha256(json.dumps(asdict(vae.geometry.of_length(1.0))).encode())
    for name, value in sorted(vae.state_dict().items()):
        if name == LEVEL and not value.any():
            continue
        hashed.update(name.encode())
        hashed.update(value.cpu().contiguous().numpy().tobytes())
    return hashed.hexdigest()[:16]
