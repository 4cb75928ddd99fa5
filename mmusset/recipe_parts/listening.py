"""Models that listen: behind the ears `listener` and `clap`, and the one for lyrics."""

from typing import Annotated, Any

from pydantic import Field

from mmusset.frozen import Frozen

from .speaker import OneServerPart

LISTENER_SECONDS = 30.0  # what the encoders of audio language models take; they cut what is longer


class ListenerPart(OneServerPart):
    """Where the audio language model is that `ears: [listener]` asks, and what it is worth.

    `card` is the folder of its calibration card, "" for the usual one; `licence` is that of the
    model, for the dataset's card.
    """

    url: str = "http://127.0.0.1:8001/v1"
    model: str = ""  # as the server lists it; "" is its first
    revision: str = ""  # of the weights, where the model's name does not tell it
    max_tokens: Annotated[int, Field(ge=64, le=8192)] = 256
    card: str = ""
    licence: str = ""

    def canonical(self) -> dict[str, Any]:
        """What can change a byte of the output. The card's content is known by the ear's identity,
        not by where it lies."""
        return self.model_dump(mode="json", include={"model", "revision", "max_tokens"})


class ClapPart(Frozen):
    """The CLAP model of `ears: [clap]`, and what it is worth.

    `model` is a name on the Hub or a folder, `revision` that of a name ("" is the one that
    `mmusset ears get clap` fetched); `card` is the folder of its calibration card, "" for the
    usual one.
    """

    model: Annotated[str, Field(min_length=1)] = "laion/larger_clap_general"
    revision: str = ""
    card: str = ""


class TranscriberPart(Frozen):
    """The Whisper model that given lyrics are compared by: a folder, or a name in the Hub's cache;
    "" is none. `language` is a code such as `en`; "" has the model tell it."""

    model: str = ""
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3})?$")] = ""
