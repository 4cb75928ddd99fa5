"""The speaker behind the ear `listener`: an audio language model on an OpenAI-compatible server.

It is sent one clip at a time with the closed questions of `prompts/listener.md`. Before it is
asked about anything that counts it has to show that it hears: `deaf.py` judges that.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from mmusset import prompts
from mmusset.ears.listener import NAME, Hearing, scores_of
from mmusset.ears.sounds import known_sounds, sha256_of
from mmusset.errors import MmussetError, ServerGone, Unusable, UsageError
from mmusset.json_text import canonical_json
from mmusset.recipe_parts.listening import ListenerPart
from mmusset.recipe_parts.speaker import Sampling, SpeakerPart
from mmusset.speakers import chat
from mmusset.speakers.asking import fault_of
from mmusset.speakers.base import ModelId, Reply, Request, schema

from .deaf import Answer, ProbeSound, why_deaf
from .speaker import VllmSpeaker
from .wire import NoReply, SettingNames

# No freedom: the same clip is to get the same answers.
TEMPERATURE, TOP_P = 0.0, 1.0
# What the encoders of these models make of a second: Qwen2-Audio and Qwen2.5-Omni 25 tokens,
# Qwen3-Omni and Voxtral half of that.
TOKENS_PER_SECOND = 25


@dataclass(frozen=True, slots=True)
class ListenerExam:
    """What a listener has to pass before it is asked: the model that its card was made of, "" for
    none, and clips of the card whose truth is known."""

    model: str = ""
    probes: tuple[ProbeSound, ...] = ()


class ListenerSpeaker(VllmSpeaker):
    """Hears through a server."""

    named = SettingNames("listener.url", "LISTENER_API_KEY")

    def __init__(
        self,
        part: ListenerPart,
        notify: Callable[[str], None] = lambda _: None,
        strikes: dict[str, int] | None = None,
        exam: ListenerExam | None = None,
    ) -> None:
        speaker = SpeakerPart(
            kind="vllm", model=part.model, revision=part.revision, adapters={NAME: ""}
        )
        super().__init__(speaker, part, notify, strikes)
        self._listener = part
        self._exam = exam or ListenerExam()

    async def __aenter__(self) -> Self:
        """Find the server, and make sure that it hears.

        Raises ServerGone where there is none, UsageError where it is deaf, or is another model
        than the one that was calibrated.
        """
        await super().__aenter__()
        try:
            self._check_model()
            await self._check_hearing()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    def model_id(self, agent: str) -> ModelId:
        """The model, and the settings that its answers depend on."""
        revision = f"@{self._listener.revision}" if self._listener.revision else ""
        settings = _settings(self._listener).model_dump()
        return ModelId(f"{self._model}{revision}", canonical_json(settings), self.name)

    async def answer(self, request: Request) -> Reply:
        """What is heard in the request's clip, however long that takes; raises as speakers do."""
        material = request.brief.material
        assert material.sound_file
        wav = material.sound_file.read_bytes()
        return await self.hear(wav, material.media.music.sha256, material.key, chat.task(request))

    async def hear(self, wav: bytes, uuid: str, key: str, task: str) -> Reply:
        """The reply about a sound, by whose `uuid` vLLM keeps what it made of it.

        Calls that are lost count against `key`.
        """
        known_by = uuid if self._is_vllm else ""
        part = self._listener.model_copy(update={"model": self._model})
        return await self._answer(body(part, task, wav, known_by), f"{NAME} {key}", 4)

    @property
    def _is_vllm(self) -> bool:
        """Whether it reports what only vLLM does; strict servers refuse fields of others."""
        return self._watch is not None

    def _absent(self, lost: NoReply) -> MmussetError:
        return ServerGone(
            f"no listener at {self._printable_url} ({lost}): start an audio language model there"
            " (vllm serve, with vllm[audio]), set listener.url, or take listener out of ears"
        )

    def _check_model(self) -> None:
        now, card = self.model_id(NAME).name, self._exam.model
        if card and card != now:
            raise UsageError(
                f"the listener's calibration card was made of {card}, and {self._printable_url}"
                f" serves {now}: set listener.model, or run `mmusset ears calibrate {NAME}` again"
            )

    async def _check_hearing(self) -> None:
        """Raises UsageError where the server is deaf."""
        mute = await self._probe_reply(b"")
        answers = {name: await self._heard(wav) for name, wav in known_sounds().items()}
        probed = [await self._heard(probe.wav) for probe in self._exam.probes]
        why = why_deaf(mute.prompt_tokens, answers, self._exam.probes, probed)
        if why:
            raise UsageError(
                f"the listener {self.model_id(NAME).name} at {self._printable_url} is refused:"
                f" {why}; serve a model that hears, or take listener out of ears"
            )

    async def _heard(self, wav: bytes) -> Answer:
        reply = await self._probe_reply(wav)
        if fault := fault_of(reply, Hearing):
            return Answer(reply.prompt_tokens, None, fault)
        scores = scores_of(Hearing.model_validate_json(reply.text))
        heard = frozenset(name for name, score in scores.items() if score >= 1)
        return Answer(reply.prompt_tokens, heard)

    async def _probe_reply(self, wav: bytes) -> Reply:
        sha256 = sha256_of(wav)
        try:
            return await self.hear(wav, sha256, f"probe {sha256[:12]}", questions())
        except Unusable as error:
            raise UsageError(
                f"the listener at {self._printable_url} takes no sound ({error.detail}): serve a"
                " model that does, or take listener out of ears"
            ) from None


def questions() -> str:
    """The listener's prompt: it is the same for every clip."""
    return prompts.load(NAME).text


def body(part: ListenerPart, task: str, wav: bytes, uuid: str = "") -> chat.Body:
    """The body of a POST to /chat/completions; without a sound where `wav` is empty."""
    sampling = _settings(part)
    content: list[dict[str, Any]] = [{"type": "text", "text": task}]
    if wav:
        data = base64.b64encode(wav).decode("ascii")
        sound = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
        content.append(sound | ({"uuid": uuid} if uuid else {}))
    return {
        "model": part.model,
        "messages": [{"role": "user", "content": content}],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": Hearing.__name__,
                "schema": json.loads(schema(Hearing)),
                "strict": True,
            },
        },
    }


def sound_tokens(seconds: float) -> int:
    """How many tokens of prompt a sound takes, for an estimate."""
    return round(seconds * TOKENS_PER_SECOND)


def _settings(part: ListenerPart) -> Sampling:
    return Sampling(temperature=TEMPERATURE, top_p=TOP_P, max_tokens=part.max_tokens)
