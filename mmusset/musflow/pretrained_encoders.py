"""Pretrained encoders through transformers: CLIP and SigLIP, CLAP, T5.

`model` is a folder or a name on the Hub. Nothing is loaded before its licence was shown
(licences.py).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, UsageError

from .licences import identity_of
from .recipe import EncoderPart

if TYPE_CHECKING:
    from PIL.Image import Image

    from .encoders import ImageEncoder, SoundEncoder, TextEncoder

MAX_TOKENS = {"clap": 512, "t5": 512, "clip": 77, "siglip": 64}


def pretrained_image(part: EncoderPart, device: str) -> "ImageEncoder":
    """CLIP's or SigLIP's picture embeddings. Raises MmussetError where it can't be loaded."""
    return PretrainedImage(part, device)


def pretrained_text(part: EncoderPart, device: str) -> "TextEncoder":
    """CLAP's, CLIP's or T5's text embeddings. Raises MmussetError where it can't be loaded."""
    return T5Text(part, device) if part.kind == "t5" else PretrainedText(part, device)


def pretrained_sound(part: EncoderPart, device: str) -> "SoundEncoder":
    """CLAP's sound embeddings. Raises MmussetError where it can't be loaded."""
    return ClapSound(part, device)


class PretrainedImage:
    """Unit vectors of pictures, projected as the model compares them with text."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        name = {"clip": "CLIPModel", "siglip": "SiglipModel"}[part.kind]
        self._model = _loaded(getattr(transformers, name), part, device)
        self._processor = _loaded(transformers.AutoImageProcessor, part)
        self._device = device
        self.identity = identity_of(part.kind, part.model)
        self.width = _projected_width(self._model)

    @torch.no_grad()
    def __call__(self, images: Sequence["Image"]) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt").to(self._device)
        return _unit(self._model.get_image_features(**inputs))


class PretrainedText:
    """Unit vectors of texts, projected as the model compares them with sound or pictures."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        name = {"clap": "ClapModel", "clip": "CLIPModel"}[part.kind]
        self._model = _loaded(getattr(transformers, name), part, device)
        self._tokenizer = _loaded(transformers.AutoTokenizer, part)
        self._max_tokens = MAX_TOKENS[part.kind]
        self._device = device
        self.identity = identity_of(part.kind, part.model)
        self.width = _projected_width(self._model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, self._max_tokens).to(self._device)
        return _unit(self._model.get_text_features(**inputs))


class T5Text:
    """The mean of a T5 encoder's states over a text's tokens."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        self._model = _loaded(transformers.T5EncoderModel, part, device)
        self._tokenizer = _loaded(transformers.AutoTokenizer, part)
        self._device = device
        self.identity = identity_of(part.kind, part.model)
        self.width = int(self._model.config.d_model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, MAX_TOKENS["t5"]).to(self._device)
        states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


class ClapSound:
    """CLAP's unit vectors of sounds.

    Its feature extractor is given the rate and one clip at a time: without, it takes any
    rate for its own and channels for clips, and cuts long sounds at random.
    """

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        self._model = _loaded(transformers.ClapModel, part, device)
        self._extractor = _loaded(transformers.AutoFeatureExtractor, part)
        self._device = device
        self.identity = identity_of(part.kind, part.model)
        self.width = _projected_width(self._model)
        self.rate_hz = int(self._extractor.sampling_rate)

    @torch.no_grad()
    def __call__(self, sound: Tensor) -> Tensor:
        longest = self._extractor.nb_max_samples
        middle = max(0, (sound.shape[1] - longest) // 2)
        clips = list(sound[:, middle : middle + longest].cpu().numpy())
        inputs = self._extractor(clips, sampling_rate=self.rate_hz, return_tensors="pt")
        return _unit(self._model.get_audio_features(**inputs.to(self._device)))


def _loaded(kind: Any, part: EncoderPart, device: str | None = None) -> Any:
    """A model (in eval mode, on the device) or processor. Raises MmussetError, naming it."""
    if not part.model:
        raise UsageError(f"an encoder of kind {part.kind} needs a model: a folder or a Hub name")
    try:
        loaded = kind.from_pretrained(part.model)
    except (OSError, ValueError, KeyError) as error:
        where = "folder" if Path(part.model).is_dir() else "Hub name"
        raise MmussetError(
            f"can't load {part.kind} from the {where} {part.model}: {str(error).splitlines()[0]}"
        ) from None
    return loaded.eval().to(device) if device else loaded


def _projected_width(model: Any) -> int:
    config = model.config
    return int(getattr(config, "projection_dim", 0) or config.vision_config.hidden_size)


def _tokens(tokenizer: Any, texts: Sequence[str], longest: int) -> Any:
    return tokenizer(
        list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt"
    )


def _unit(features: Any) -> Tensor:
    """Since transformers 5 features come in an output object."""
    found: Tensor = getattr(features, "pooler_output", features)
    return torch.nn.functional.normalize(found.float(), dim=-1)
