"""Fitting the bundled codec on the shards, saving it and loading it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from mmusset.bounded import MOST_TEXT, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import write_bytes_durably, write_durably
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.training.order import generator_at
from mmusset.training.schedule import lr_at, set_lr

from .mel_vae import MelVae

FITTED_SECONDS = 3600.0  # of sound are enough, and fit into memory
TRAIN_SHARE = 0.9  # of the sounds; the error is measured on the rest
SEED = 0  # of the fit: the same for every training, so the codec does not depend on train.seed


class BundledCodec:
    """The small VAE over log-mels, as a Codec: mono."""

    channels = 1

    def __init__(self, vae: MelVae, device: str = "cpu") -> None:
        self.vae = vae.to(device).eval()
        geometry = vae.geometry
        self.rate_hz = geometry.rate_hz
        self.latent_channels = geometry.latent_channels
        self.samples_per_latent = geometry.samples_per_latent
        self.identity = f"bundled/{_weights_sha256(vae)}"

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation `[B, T, C]`; a remainder at the end has no latent."""
        mono = sound.mean(dim=1)
        whole = mono.shape[1] // self.samples_per_latent * self.samples_per_latent
        return self.vae.encode(mono[:, :whole])

    def decode(self, latents: Tensor, seed: int = 0) -> Tensor:
        """Mono sound `[B, 1, samples]`; phases start at random, from `seed`."""
        return self.vae.decode(latents, seed)[:, None]


def geometry_of(part: CodecPart, seconds: float) -> Geometry:
    """The geometry of clips of a length under a recipe's codec."""
    return Geometry(
        part.rate_hz, seconds, part.n_fft, part.hop, part.mels, part.squeeze, part.channels
    )


def fit(
    part: CodecPart, sounds: Tensor, device: str, progress: Callable[[int, float], None]
) -> tuple[MelVae, float]:
    """A codec fitted to mono `sounds` `[N, samples]`, and its mean error in dB on the held-out
    tenth of them, or on all where there are fewer than five. `progress` is called with the
    number of steps done and the last one's error in dB."""
    crop = geometry_of(part, min(part.crop_seconds, sounds.shape[1] / part.rate_hz))
    trained = max(1, round(TRAIN_SHARE * len(sounds)))
    torch.manual_seed(SEED)
    vae = MelVae(crop, part.width, part.depth).to(device)
    vae.set_scale(log_mel(_crops(sounds[:trained], crop, 0, 256), crop).to(device))
    optimizer = torch.optim.AdamW(vae.parameters(), lr=part.lr, betas=(0.9, 0.99), fused=True)
    for step in range(part.steps):
        sound = _crops(sounds[:trained], crop, step, part.batch).to(device)
        noise = torch.randn(
            part.batch,
            crop.latents,
            crop.latent_channels,
            generator=generator_at(SEED, step, "codec noise", device),
            device=device,
        )
        losses = vae.losses(log_mel(sound, crop), noise)
        optimizer.zero_grad()
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        set_lr(optimizer, lr_at(part.lr, step, part.steps, part.steps // 10))
        optimizer.step()
        progress(step + 1, decibels(float(losses.error.detach())))
    held_out = sounds[trained:] if trained < len(sounds) else sounds
    return vae.eval(), reconstruction_error_db(vae, held_out[:64].to(device))


@torch.no_grad()
def reconstruction_error_db(vae: MelVae, sounds: Tensor) -> float:
    """Mean absolute difference of log-mels, in dB, after encoding and decoding."""
    geometry = vae.geometry
    whole = sounds.shape[1] // geometry.samples_per_latent * geometry.samples_per_latent
    mel = log_mel(sounds[:, :whole], geometry)
    mean, _ = vae.posterior(mel)
    return decibels(float((vae.mel_of(mean) - mel).abs().mean()))


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
    if settings != _shape(part):
        raise Refused(
            f"the codec in {folder} has {_differences(settings, _shape(part))};"
            " train into another folder (--out), or take the recipe that it was fitted with"
        )
    vae = MelVae(geometry_of(part, part.crop_seconds), part.width, part.depth)
    vae.load_state_dict(weights)
    return BundledCodec(vae, device)


def _shape(part: CodecPart) -> dict[str, int]:
    names = ("rate_hz", "n_fft", "hop", "mels", "squeeze", "channels", "width", "depth")
    return {name: getattr(part, name) for name in names}


def _differences(fitted: dict[str, int], recipe: dict[str, int]) -> str:
    different = (name for name in recipe if fitted.get(name) != recipe[name])
    return ", ".join(f"{name} {fitted.get(name)}, not {recipe[name]}" for name in different)


def _weights_sha256(vae: MelVae) -> str:
    hashed = hashlib.sha256(json.dumps(asdict(vae.geometry.of_length(1.0))).encode())
    for name, value in sorted(vae.state_dict().items()):
        hashed.update(name.encode())
        hashed.update(value.cpu().contiguous().numpy().tobytes())
    return hashed.hexdigest()[:16]


def _crops(sounds: Tensor, crop: Geometry, step: int, batch: int) -> Tensor:
    """Random crops `[batch, samples]` of random sounds."""
    generator = generator_at(SEED, step, "codec crops")
    which = torch.randint(len(sounds), (batch,), generator=generator)
    last = sounds.shape[1] - crop.samples
    starts = torch.randint(last + 1, (batch,), generator=generator)
    crops = (
        sounds[int(n), int(at) : int(at) + crop.samples]
        for n, at in zip(which, starts, strict=True)
    )
    return torch.stack(list(crops))


def collect(sounds: Iterator[Tensor], rate_hz: int) -> Tensor:
    """Mono sounds `[N, samples]`, all cut to the shortest, of at most an hour together.

    Those shorter than a second are left out, since all would be cut to their length. Raises
    MmussetError where there are no others.
    """
    collected, seconds = list[Tensor](), 0.0
    for sound in sounds:
        if len(sound) < rate_hz:
            continue
        collected.append(sound)
        seconds += len(sound) / rate_hz
        if seconds >= FITTED_SECONDS:
            break
    if not collected:
        raise MmussetError(
            "no accepted samples to fit a codec on: the train split holds none of a second or more"
        )
    shortest = min(len(sound) for sound in collected)
    return torch.stack([sound[:shortest] for sound in collected])
