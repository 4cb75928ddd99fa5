"""Who writes the texts: a model, how it is sampled, and where its server is."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import Field

from mmusset.frozen import Frozen, NotNegative, Positive


class Sampling(Frozen):
    """How a model's tokens are drawn, and how many a reply may have."""

    temperature: Annotated[float, Field(ge=0, le=2)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    max_tokens: Annotated[int, Field(ge=16, le=8192)]


class HasSampling(Protocol):
    """What a recipe knows of an agent: its name, and its default sampling."""

    @property
    def name(self) -> str: ...

    @property
    def sampling(self) -> Sampling: ...


class SpeakerPart(Frozen):
    """Who writes the text.

    `adapters` and `sampling` have an entry for each agent: `for_agents` fills in what a recipe
    leaves out. An adapter is a LoRA adapter's name on the server, or its folder; "" is the model
    itself. A server keeps one prefix cache for each adapter, so a sample whose agents all speak
    through the same one costs least.
    """

    kind: Literal["offline", "vllm", "transformers"] = "offline"
    seed: int = 0
    model: str = ""  # vllm: as the server lists it, "" is its first; transformers: folder or name
    revision: str = ""  # of the weights, where the model's name does not tell it
    adapters: dict[str, str] = Field(default_factory=dict)
    max_pixels: Annotated[int, Field(ge=4 * 28 * 28)] = 256 * 28 * 28
    sampling: dict[str, Sampling] = Field(default_factory=dict)

    @classmethod
    def for_agents(cls, agents: Iterable[HasSampling], **values: Any) -> Self:
        """The part with an entry for each of these agents; `values` may change one key of one.

        Raises ValidationError for values that are none.
        """
        return cls.model_validate(complete_speaker(values, agents))


def complete_speaker(section: dict[str, Any], agents: Iterable[HasSampling]) -> dict[str, Any]:
    """A recipe's `speaker` section with an adapter and a whole sampling for each agent.

    Entries of agents that are not in the list, and whatever is not a mapping, stay as they are:
    whoever validates the section refuses them.
    """
    adapters: dict[str, Any] = {}
    sampling: dict[str, Any] = {}
    for agent in agents:
        adapters[agent.name] = ""
        sampling[agent.name] = agent.sampling.model_dump()
    changed = dict(section)
    if isinstance(entries := section.get("adapters", {}), dict):
        changed["adapters"] = adapters | entries
    if isinstance(entries := section.get("sampling", {}), dict):
        changed["sampling"] = sampling | {
            name: sampling.get(name, {}) | keys if isinstance(keys, dict) else keys
            for name, keys in entries.items()
        }
    return changed


class OneServerPart(Frozen):
    """Where the server of `speaker.kind: vllm` is, and how long to wait for it."""

    url: str = "http://127.0.0.1:8000/v1"
    max_in_flight: Annotated[int, Field(ge=1, le=4096)] = 256
    call_seconds: Positive = 180.0  # a call that takes longer is given up and sent again
    wait_seconds: Positive = 1800.0  # a server that is gone for longer stops the build
    price_in: NotNegative = 0.0  # per million tokens of prompt
    price_out: NotNegative = 0.0  # per million tokens of replies


class ServerPart(OneServerPart):
    """The server of the writers; or several of the same model, which share the work: then `url` is
    not used, and the other settings are those of each."""

    urls: tuple[str, ...] = ()

    def at(self, url: str) -> OneServerPart:
        """One of the servers."""
        return OneServerPart(**self.model_dump(exclude={"url", "urls"}), url=url)
