"""A Whisper model opened: what writes down the words of a sound."""

from collections.abc import Callable
from functools import cache
from typing import Any

from mmusset.ears.declaration import Floats
from mmusset.installed import check_installed
from mmusset.pretrained.weights import (
    identity_of,
    licence_of,
    loaded_model,
    loaded_processor,
    locate,
    quiet,
)

NEEDED = ("torch", "transformers")
RATE_HZ = 16000
MOST_CHARACTERS = 4000  # of what is written down: on music models may repeat themselves
LEAST_NEW_TOKENS = 8
Write = Callable[[Floats], str]


def show_licence(model: str, log: Callable[[str], None]) -> str:
    """Log the licence of a model, a folder or a name in the Hub's cache, before it is loaded, and
    give it.

    Raises MmussetError where what runs it is not installed, or there is no such model.
    """
    check_installed("transcriber.model", *NEEDED)
    locate(model, "")
    licence = licence_of(model)
    log(f"{model}: licence {licence}")
    return licence


@cache
def opened(model: str, language: str) -> tuple[Write, str]:
    """What writes down what is sung, on one thread of the CPU, and the identity of its weights.

    It is given one channel at `RATE_HZ`; "" of a `language` has the model tell it. The same sound
    gives the same words: they are the likeliest one after the other, and nothing is drawn. Raises
    MmussetError where the model can't be loaded whole.
    """
    import torch
    import transformers

    torch.set_num_threads(1)  # the order of a sum is the same on any number of cores
    location = locate(model, "")
    network = loaded_model(transformers.WhisperForConditionalGeneration, "whisper", location, "cpu")
    processor = loaded_processor(transformers.WhisperProcessor, "whisper", location)
    window = processor.feature_extractor.n_samples
    settings: dict[str, Any] = {"num_beams": 1, "do_sample": False, "return_timestamps": False}
    if getattr(network.generation_config, "is_multilingual", False):
        settings |= {"task": "transcribe", "language": language or None}
    most = max(LEAST_NEW_TOKENS, network.config.max_target_positions // 2)

    def write(mono: Floats) -> str:
        parts = [mono[start : start + window] for start in range(0, len(mono), window)]
        heard = processor.feature_extractor(
            parts, sampling_rate=RATE_HZ, return_tensors="pt", return_attention_mask=True
        )
        with torch.no_grad(), quiet("transformers"):
            tokens = network.generate(**heard, max_new_tokens=most, **settings)
        texts = processor.batch_decode(tokens, skip_special_tokens=True)
        return " ".join(" ".join(text.split()) for text in texts).strip()[:MOST_CHARACTERS]

    return write, identity_of("whisper", location).replace("/", " ")
