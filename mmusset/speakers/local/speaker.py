"""The speaker that loads Qwen2-VL into this process: for small jobs, and without a server."""

import asyncio
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmusset.errors import MmussetError, Stopped
from mmusset.json_text import canonical_json
from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.safe_text import of_error
from mmusset.speakers import chat
from mmusset.speakers.adapter import check_adapter, read_adapter
from mmusset.speakers.base import ModelId, Reply, Request, schema

BATCH = 8  # requests at once: speed grows with it, and so does memory


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Reply]


class TransformersSpeaker:
    """Batches the requests of one agent at a time; replies keep to their schema."""

    name = "transformers"
    # One batch being written, and one being collected.
    in_flight = 2 * BATCH

    def __init__(self, part: SpeakerPart, notify: Callable[[str], None] = lambda _: None) -> None:
        # False: replies may break their schema. To be changed only between requests.
        self.constrained = True
        self.strikes: dict[str, int] = {}
        self._part = part
        self._notify = notify
        self._waiting: list[_Waiting] = []
        self._news = asyncio.Event()
        self._stopped = False

    async def __aenter__(self) -> Self:
        """Load the model. Raises MmussetError where it can't be loaded."""
        if not self._part.model:
            raise MmussetError("the transformers speaker needs speaker.model: a folder or a name")
        self._adapters = {folder: read_adapter(Path(folder)) for folder in self._folders()}
        for adapter in self._adapters.values():
            check_adapter(adapter, self._part.model)
        self._notify(f"loading {self._part.model}")
        self._model = await asyncio.to_thread(_load, self._part, list(self._adapters))
        self._writing = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        del self._model

    def model_id(self, agent: str) -> ModelId:
        """The model at its commit on the Hub, with its adapter's name, which holds a hash."""
        folder = self._part.adapters[agent]
        name = f"{self._part.model}+{self._adapters[folder].name}" if folder else self._part.model
        commit = self._model.commit or self._part.revision
        revision = f"@{commit}" if commit else ""
        sampling = self._part.sampling[agent].model_dump()
        return ModelId(
            f"{name}{revision}", canonical_json(sampling | {"max_pixels": self._part.max_pixels})
        )

    async def answer(self, request: Request) -> Reply:
        """The model's reply, when a batch with it has been written."""
        if self._stopped:
            raise Stopped
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._news.set()
        return await waiting.answer

    def stop(self) -> None:
        """Begin no more batches."""
        self._stopped = True
        for waiting in self._waiting:
            if not waiting.answer.done():
                waiting.answer.set_exception(Stopped())
        self._waiting.clear()

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            batch = self._next_batch()
            if not batch:
                self._news.clear()
                continue
            requests = [waiting.request for waiting in batch]
            try:
                answers = await asyncio.to_thread(self._model.write, requests, self.constrained)
            except Exception as error:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                raise
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    def _next_batch(self) -> list[_Waiting]:
        """The requests of the agent with most of them: they share an adapter and a schema."""
        self._waiting = [w for w in self._waiting if not w.answer.done()]
        agents = [waiting.request.brief.agent.name for waiting in self._waiting]
        if not agents:
            return []
        agent = max(dict.fromkeys(agents), key=agents.count)
        batch = [w for w in self._waiting if w.request.brief.agent.name == agent][:BATCH]
        self._waiting = [w for w in self._waiting if w not in batch]
        return batch

    def _folders(self) -> list[str]:
        return sorted({folder for folder in self._part.adapters.values() if folder})


@dataclass(slots=True)
class _Model:
    """The loaded parts, and how a batch is written with them."""

    part: SpeakerPart
    model: Any
    processor: Any
    tokenizer: Any  # llguidance's view of the processor's
    adapted: bool
    commit: str  # "" for a model in a folder

    def write(self, requests: list[Request], constrained: bool) -> list[Reply]:
        """The replies to requests of one agent, in order; in their schema, if constrained."""
        import torch

        from . import grammar

        begun_s = time.monotonic()
        agent = requests[0].brief.agent.name
        sampling = self.part.sampling[agent]
        inputs = self._inputs(requests)
        rows = [
            grammar.row_decoder(
                self.tokenizer,
                schema(r.brief.agent.reply) if constrained else None,
                sampling,
                r.brief.draw() & 0x7FFFFFFF,
            )
            for r in requests
        ]
        with torch.inference_mode(), self._through(self.part.adapters[agent]):
            written = self.model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=sampling.max_tokens,
                logits_processor=[grammar.SchemaLogitsProcessor(rows)],
            )
        prompt_tokens = inputs["attention_mask"].sum(-1).tolist()
        new = written[:, inputs["input_ids"].shape[1] :].tolist()
        seconds = (time.monotonic() - begun_s) / len(requests)
        return [self._reply(*pair, seconds) for pair in zip(prompt_tokens, new, strict=True)]

    def _reply(self, prompt_tokens: int, tokens: list[int], seconds: float) -> Reply:
        ends = self.model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends])
        end = next((n for n, token in enumerate(tokens) if token in ends), None)
        return Reply(
            text=self.processor.tokenizer.decode(tokens[:end], skip_special_tokens=True),
            finish_reason="length" if end is None else "stop",
            prompt_tokens=prompt_tokens,
            completion_tokens=len(tokens) if end is None else end + 1,
            seconds=round(seconds, 3),
        )

    def _inputs(self, requests: list[Request]) -> Any:
        from qwen_vl_utils import process_vision_info

        # No max_pixels: the pictures are fitted already, and a second fit distorts long strips.
        files = [request.brief.material.image_file.resolve() for request in requests]
        chats = [
            chat.messages(request, {"type": "image", "image": f"file://{file}"})
            for request, file in zip(requests, files, strict=True)
        ]
        texts = self.processor.apply_chat_template(
            chats, tokenize=False, add_generation_prompt=True
        )
        images, _ = process_vision_info(chats)
        inputs = self.processor(
            text=texts, images=images, padding=True, padding_side="left", return_tensors="pt"
        )
        return inputs.to(self.model.device)

    def _through(self, folder: str) -> AbstractContextManager[None]:
        """A context in which the model uses this adapter, or none for ""."""
        if folder:
            self.model.set_adapter(_adapter_name(folder))
            return nullcontext()
        return self.model.disable_adapter() if self.adapted else nullcontext()


def _load(part: SpeakerPart, adapters: list[str]) -> _Model:
    try:
        import torch
        from llguidance.hf import from_tokenizer
        from peft import PeftModel
        from transformers import AutoProcessor, Qwen2VLForConditionalGeneration
        from transformers.utils import cached_file
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MmussetError(
            f"the transformers speaker needs {error.name}: pip install 'mmusset[train]'"
        ) from None
    disable_progress_bar()
    on_gpu = torch.cuda.is_available()
    try:
        config = cached_file(part.model, "config.json", revision=part.revision or None)
        commit = _commit_of(Path(config).parent)
        which = {"revision": commit or None}
        model = Qwen2VLForConditionalGeneration.from_pretrained(
            part.model, dtype=torch.bfloat16 if on_gpu else torch.float32, **which
        )
        processor = AutoProcessor.from_pretrained(part.model, **which)
    except (OSError, ValueError) as error:
        raise MmussetError(f"can't load the model {part.model}: {of_error(error)}") from None
    # With peft itself: transformers' own `load_adapter` (5.24) wants a newer peft than it is given.
    with warnings.catch_warnings():
        # transformers renamed gradient checkpointing, and peft still uses the old name.
        warnings.simplefilter("ignore", FutureWarning)
        for folder in adapters:
            if isinstance(model, PeftModel):
                model.load_adapter(folder, adapter_name=_adapter_name(folder))
            else:
                model = PeftModel.from_pretrained(model, folder, _adapter_name(folder))
    model = model.to("cuda" if on_gpu else "cpu").eval()
    size = model.config.get_text_config().vocab_size
    tokenizer = from_tokenizer(processor.tokenizer, n_vocab=size)
    return _Model(part, model, processor, tokenizer, bool(adapters), commit)


def _commit_of(folder: Path) -> str:
    """The commit of a model's folder in the Hub's cache; "" for one that lies elsewhere."""
    return folder.name if folder.parent.name == "snapshots" else ""


def _adapter_name(folder: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in folder)
