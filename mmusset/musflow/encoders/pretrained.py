"""Pretrained encoders through transformers: CLIP and SigLIP, CLAP, T5.

`model` is a folder or a name on the Hub. Nothing is loaded before its licence was shown
(licences.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.pretrained import Place, find, identity_of, loaded_model, loaded_processor
from mmusset.musflow.recipe import EncoderPart

if TYPE_CHECKING:
    from PIL.Image import Image

    from .encoders import ImageEncoder, SoundEncoder, TextEncoder

MAX_TOKENS = {"clap": 512, "t5": 512, "clip": 77}


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
        place = _place(part)
        self._model = loaded_model(getattr(transformers, name), part.kind, place, device)
        self._processor = loaded_processor(transformers.AutoImageProcessor, part.kind, place)
        self._device = device
        self.identity = identity_of(part.kind, place)
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
        place = _place(part)
        self._model = loaded_model(getattr(transformers, name), part.kind, place, device)
        self._tokenizer = _tokenizer(part, place)
        self._max_tokens = MAX_TOKENS[part.kind]
        self._device = device
        self.identity = identity_of(part.kind, place)
        self.width = _projected_width(self._model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, self._max_tokens).to(self._device)
        return _unit(self._model.get_text_features(**inputs))


class T5Text:
    """The mean of a T5 encoder's states over a text's tokens."""

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        place = _place(part)
        self._model = loaded_model(transformers.T5EncoderModel, part.kind, place, device)
        self._tokenizer = _tokenizer(part, place)
        self._device = device
        self.identity = identity_of(part.kind, place)
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
    rate for its own and channels for clips, and cuts long sounds at random. Of models that
    fuse views of long sounds it calls one in a batch of short ones long, at random.
    """

    def __init__(self, part: EncoderPart, device: str) -> None:
        import transformers

        place = _place(part)
        self._model = loaded_model(transformers.ClapModel, part.kind, place, device)
        self._extractor = loaded_processor(transformers.AutoFeatureExtractor, part.kind, place)
        self._device = device
        self.identity = identity_of(part.kind, place)
        self.width = _projected_width(self._model)
        self.rate_hz = int(self._extractor.sampling_rate)

    @torch.no_grad()
    def __call__(self, sound: Tensor) -> Tensor:
        longest = self._extractor.nb_max_samples
        middle = max(0, (sound.shape[1] - longest) // 2)
        clips = list(sound[:, middle : middle + longest].cpu().numpy())
        inputs = self._extractor(clips, sampling_rate=self.rate_hz, return_tensors="pt")
        inputs["is_longer"] = torch.zeros_like(inputs["is_longer"])
        return _unit(self._model.get_audio_features(**inputs.to(self._device)))


def _place(part: EncoderPart) -> Place:
    if not part.model:
        raise UsageError(f"an encoder of kind {part.kind} needs a model: a folder or a Hub name")
    return find(part.model, "")


def _tokenizer(part: EncoderPart, place: Place) -> Any:
    """A tokenizer. Raises MmussetError where its files are missing: transformers then makes one
    without a vocabulary, to which all words are one."""
    import transformers

    tokenizer = loaded_processor(transformers.AutoTokenizer, part.kind, place)
    if tokenizer("music").input_ids == tokenizer("river").input_ids:
        raise MmussetError(f"can't load {part.kind} from {place}: its tokenizer knows no words")
    return tokenizer


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
