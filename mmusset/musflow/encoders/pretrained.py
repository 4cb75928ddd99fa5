"""Pretrained encoders through transformers: CLIP and SigLIP, CLAP, T5.

`model` is a folder or a name on the Hub. Callers show its licence (licences.py) before they
load it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.pretrained import (
    ModelLocation,
    identity_of,
    loaded_model,
    loaded_processor,
    locate,
)
from mmusset.musflow.recipe import EncoderPart

if TYPE_CHECKING:
    from PIL.Image import Image

    from .encoder import ImageEncoder, SoundEncoder, TextEncoder

MAX_TOKENS = {"clap": 512, "t5": 512, "clip": 77}


def pretrained_image(part: EncoderPart, device: str) -> "ImageEncoder":
    """CLIP's or SigLIP's image encoder. Raises MmussetError where it can't be loaded."""
    return PretrainedImage(part, device)


def pretrained_text(part: EncoderPart, device: str) -> "TextEncoder":
    """CLAP's, CLIP's or T5's text encoder. Raises MmussetError where it can't be loaded."""
    return T5Text(part, device) if part.kind == "t5" else PretrainedText(part, device)


def pretrained_sound(part: EncoderPart, device: str) -> "SoundEncoder":
    """CLAP's sound encoder. Raises MmussetError where it can't be loaded."""
    return ClapSound(part, device)


class PretrainedImage:
    """Unit vectors of images in the space that the model shares with texts."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        name = {"clip": "CLIPModel", "siglip": "SiglipModel"}[part.kind]
        location = _location(part)
        self._model = loaded_model(getattr(transformers, name), part.kind, location, device)
        self._processor = loaded_processor(transformers.AutoImageProcessor, part.kind, location)
        self._device = device
        self.identity = identity_of(part.kind, location)
        self.width = _projected_width(self._model)

    @torch.no_grad()
    def __call__(self, images: Sequence["Image"]) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt").to(self._device)
        return _unit(self._model.get_image_features(**inputs))


class PretrainedText:
    """Unit vectors of texts in the space that the model shares with sounds or images."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        name = {"clap": "ClapModel", "clip": "CLIPModel"}[part.kind]
        location = _location(part)
        self._model = loaded_model(getattr(transformers, name), part.kind, location, device)
        self._tokenizer = _tokenizer(part, location)
        self._max_tokens = MAX_TOKENS[part.kind]
        self._device = device
        self.identity = identity_of(part.kind, location)
        self.width = _projected_width(self._model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, self._max_tokens).to(self._device)
        return _unit(self._model.get_text_features(**inputs))


class T5Text:
    """The mean of a T5 encoder's states over a text's tokens."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        location = _location(part)
        self._model = loaded_model(transformers.T5EncoderModel, part.kind, location, device)
        self._tokenizer = _tokenizer(part, location)
        self._device = device
        self.identity = identity_of(part.kind, location)
        self.width = int(self._model.config.d_model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, MAX_TOKENS["t5"]).to(self._device)
        states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


class ClapSound:
    """CLAP's unit vectors of sounds.

    Pitfalls of its feature extractor: without a rate it takes any for its own, it takes channels
    for clips, and it crops long sounds at random, so the rate is given and the middle is cropped
    here. For models that fuse views of long sounds it marks a random clip of a batch as long,
    which is undone here.
    """

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        location = _location(part)
        self._model = loaded_model(transformers.ClapModel, part.kind, location, device)
        self._extractor = loaded_processor(transformers.AutoFeatureExtractor, part.kind, location)
        self._device = device
        self.identity = identity_of(part.kind, location)
        self.width = _projected_width(self._model)
        self.rate_hz = int(self._extractor.sampling_rate)

    @torch.no_grad()
    def __call__(self, sound: Tensor) -> Tensor:
        samples = self._extractor.nb_max_samples
        start = max(0, (sound.shape[1] - samples) // 2)
        clips = list(sound[:, start : start + samples].cpu().numpy())
        inputs = self._extractor(clips, sampling_rate=self.rate_hz, return_tensors="pt")
        inputs["is_longer"] = torch.zeros_like(inputs["is_longer"])
        return _unit(self._model.get_audio_features(**inputs.to(self._device)))


def _location(part: EncoderPart) -> ModelLocation:
    if not part.model:
        raise UsageError(f"an encoder of kind {part.kind} needs a model: a folder or a Hub name")
    return locate(part.model, "")


def _tokenizer(part: EncoderPart, location: ModelLocation) -> Any:
    """A tokenizer. Raises MmussetError where its files are missing: transformers then builds one
    without a vocabulary, to which all words are the same."""
    import transformers

    tokenizer = loaded_processor(transformers.AutoTokenizer, part.kind, location)
    if tokenizer("music").input_ids == tokenizer("river").input_ids:
        raise MmussetError(f"can't load {part.kind} from {location}: its tokenizer knows no words")
    return tokenizer


def _projected_width(model: Any) -> int:
    config = model.config
    return int(getattr(config, "projection_dim", 0) or config.vision_config.hidden_size)


def _tokens(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> Any:
    return tokenizer(
        list(texts), padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
    )


def _unit(features: Any) -> Tensor:
    """Unit vectors; since transformers 5 features come in an output object."""
    vectors: Tensor = getattr(features, "pooler_output", features)
    return torch.nn.functional.normalize(vectors.float(), dim=-1)
