"""Vectors of pictures, texts and sounds, by pretrained models: CLIP and SigLIP, CLAP, T5.

`model` is a folder or a name on the Hub. Callers show its licence before they load it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError

from .weights import ModelLocation, identity_of, loaded_model, loaded_processor, locate

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_TOKENS = {"clap": 512, "t5": 512, "clip": 77}
# Of unlike texts a sound model makes unlike vectors: the mean cosine of such is about 0.2 to 0.3
# for LAION's checkpoints. The text tower of `laion/larger_clap_music` gives all texts one
# direction, at 0.999.
UNLIKE = ("a solo piano", "loud drums and distorted guitars", "a choir sings", "rain on a roof")
COLLAPSED = 0.98
# Pictures that go through a model at once: a video has hundreds of frames.
MOST_PICTURES = 16


def pretrained_text(
    kind: str, model: str, device: str, revision: str = "", whole: Any = None
) -> "T5Text | PretrainedText":
    """T5's encoder, or that of CLAP or CLIP. Raises MmussetError where it can't be used."""
    if kind == "t5":
        return T5Text(model, device, revision)
    return PretrainedText(kind, model, device, revision, whole)


def whole_clap(model: str, device: str, revision: str = "") -> Any:
    """A CLAP with both of its towers, for texts and sounds at once. Raises MmussetError where it
    can't be loaded."""
    import transformers

    return loaded_model(
        transformers.ClapModel, "clap", locate(model, "", revision=revision), device
    )


class PretrainedImage:
    """Unit vectors of images in the space that the model shares with texts."""

    def __init__(self, kind: str, model: str, device: str, revision: str = "") -> None:
        """Raises MmussetError where it can't be loaded."""
        import transformers

        name = {"clip": "CLIPModel", "siglip": "SiglipModel"}[kind]
        location = locate(model, "", revision=revision)
        self._model = loaded_model(getattr(transformers, name), kind, location, device)
        self._processor = loaded_processor(transformers.AutoImageProcessor, kind, location)
        self._device = device
        self.identity = identity_of(kind, location)
        self.width = _projected_width(self._model)
        _drop(self._model, "text_model")

    @torch.no_grad()
    def __call__(self, images: Sequence["Image"]) -> Tensor:
        starts = range(0, len(images), MOST_PICTURES)
        return torch.cat([self._vectors(images[n : n + MOST_PICTURES]) for n in starts])

    def _vectors(self, images: Sequence["Image"]) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt").to(self._device)
        return _unit(self._model.get_image_features(**inputs))


class PretrainedText:
    """Unit vectors of texts in the space that the model shares with sounds or images."""

    def __init__(
        self, kind: str, model: str, device: str, revision: str = "", whole: Any = None
    ) -> None:
        """`whole` is the model with all of its towers, where others use it too. Raises MmussetError
        where it can't be loaded, or makes one vector of all texts."""
        import transformers

        name = {"clap": "ClapModel", "clip": "CLIPModel"}[kind]
        location = locate(model, "", revision=revision)
        self._model = whole or loaded_model(getattr(transformers, name), kind, location, device)
        self._tokenizer = _tokenizer(kind, location)
        self._max_tokens = MAX_TOKENS[kind]
        self._device = device
        self.identity = identity_of(kind, location)
        self.width = _projected_width(self._model)
        if whole is None:
            _drop(self._model, "audio_model", "vision_model")
        if (alike := _mean_cosine(self(UNLIKE))) > COLLAPSED:
            raise MmussetError(
                f"can't use {kind} from {location}: to its text encoder unlike texts are alike"
                f" (a mean cosine of {alike:.4f}); take another checkpoint"
            )

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, self._max_tokens).to(self._device)
        return _unit(self._model.get_text_features(**inputs))


class T5Text:
    """The mean of a T5 encoder's states over a text's tokens."""

    def __init__(self, model: str, device: str, revision: str = "") -> None:
        """Raises MmussetError where it can't be loaded."""
        import transformers

        location = locate(model, "", revision=revision)
        self._model = loaded_model(transformers.T5EncoderModel, "t5", location, device)
        self._tokenizer = _tokenizer("t5", location)
        self._device = device
        self.identity = identity_of("t5", location)
        self.width = int(self._model.config.d_model)

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        inputs = _tokens(self._tokenizer, texts, MAX_TOKENS["t5"]).to(self._device)
        states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


class ClapSound:
    """CLAP's unit vectors of sounds, of `seconds` at most; of longer ones, of their middle.

    Pitfalls of its feature extractor: without a rate it takes any for its own, it takes channels
    for clips, and it crops long sounds at random, so the rate is given and the middle is cropped
    here. For models that fuse views of long sounds it marks a random clip of a batch as long,
    which is undone here.
    """

    def __init__(self, model: str, device: str, revision: str = "", whole: Any = None) -> None:
        """`whole` is the model with both of its towers, where texts use it too. Raises MmussetError
        where it can't be loaded."""
        import transformers

        location = locate(model, "", revision=revision)
        self._model = whole or loaded_model(transformers.ClapModel, "clap", location, device)
        self._extractor = loaded_processor(transformers.AutoFeatureExtractor, "clap", location)
        self._device = device
        self.identity = identity_of("clap", location)
        self.width = _projected_width(self._model)
        self.rate_hz = int(self._extractor.sampling_rate)
        self.seconds = self._extractor.nb_max_samples / self.rate_hz
        if whole is None:
            _drop(self._model, "text_model")

    @torch.no_grad()
    def __call__(self, sound: Tensor) -> Tensor:
        samples = self._extractor.nb_max_samples
        start = max(0, (sound.shape[1] - samples) // 2)
        clips = list(sound[:, start : start + samples].cpu().numpy())
        inputs = self._extractor(clips, sampling_rate=self.rate_hz, return_tensors="pt")
        inputs["is_longer"] = torch.zeros_like(inputs["is_longer"])
        return _unit(self._model.get_audio_features(**inputs.to(self._device)))


def _drop(model: Any, *towers: str) -> None:
    """Free the memory of what is not asked: half of a model is its other tower."""
    for name in towers:
        if hasattr(model, name):
            setattr(model, name, None)


def _mean_cosine(vectors: Tensor) -> float:
    """Of all pairs of unit vectors."""
    count = len(vectors)
    return float(((vectors @ vectors.T).sum() - count) / (count * (count - 1)))


def _tokenizer(kind: str, location: ModelLocation) -> Any:
    """A tokenizer. Raises MmussetError where its files are missing: transformers then builds one
    without a vocabulary, to which all words are the same."""
    import transformers

    tokenizer = loaded_processor(transformers.AutoTokenizer, kind, location)
    if tokenizer("music").input_ids == tokenizer("river").input_ids:
        raise MmussetError(f"can't load {kind} from {location}: its tokenizer knows no words")
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
