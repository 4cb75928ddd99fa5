"""Teaches the tiny Qwen2-VL by heart what the offline speaker says, in the prompts as sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mmusset.agents.graph import build_graph
from mmusset.build.trial import trial_of_source
from mmusset.recipe import Recipe
from mmusset.speakers import chat
from mmusset.speakers.asking import Asker, InMemory
from mmusset.speakers.base import Answer, Request
from mmusset.speakers.offline import OfflineSpeaker


@dataclass(frozen=True)
class Lesson:
    """A request, with its picture's bytes, and what to answer."""

    request: Request
    picture: bytes
    answer: str


class Listening(OfflineSpeaker):
    """The offline speaker, remembered word by word."""

    def __init__(self) -> None:
        super().__init__()
        self.lessons: list[Lesson] = []

    async def answer(self, request: Request) -> Answer:
        answer = await super().answer(request)
        self.lessons.append(Lesson(request, request.brief.image_file.read_bytes(), answer.text))
        return answer


def lessons_of(source: Path, recipe: Recipe, items: int) -> list[Lesson]:
    """All that the agents ask about the first items of a source, and the offline answers."""

    async def listen() -> list[Lesson]:
        speaker = Listening()
        graph = build_graph(Asker(speaker, InMemory()), recipe)
        for place in range(1, items + 1):
            async with trial_of_source(source, place, recipe) as trial:
                await graph(trial.material)
        return speaker.lessons

    return asyncio.run(listen())


def texts_of(lessons: Sequence[Lesson]) -> list[str]:
    """All words of the lessons, for a vocabulary."""
    texts = [lessons[0].request.brief.system]
    for lesson in lessons:
        texts += [lesson.request.brief.evidence, lesson.request.brief.task, lesson.answer]
    return texts


def train(base: Path, lessons: Sequence[Lesson], out: Path, steps: int, batch: int = 4) -> float:
    """Train all weights of `base` on the answers alone; gives the last loss."""
    from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

    model = Qwen2VLForConditionalGeneration.from_pretrained(base).train()
    processor = AutoProcessor.from_pretrained(base)
    encoded = [_encode(processor, lesson, out) for lesson in lessons]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    order = torch.Generator().manual_seed(0)
    loss = torch.tensor(0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        for index in torch.randperm(len(encoded), generator=order)[:batch].tolist():
            loss = model(**encoded[index]).loss / batch
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.save_pretrained(out)
    processor.save_pretrained(out)
    return float(loss.detach()) * batch


def _encode(processor: Any, lesson: Lesson, folder: Path) -> Any:
    """One conversation; only the answer's tokens are labels."""
    from qwen_vl_utils import process_vision_info

    folder.mkdir(exist_ok=True)
    path = folder / "lesson.jpg"
    path.write_bytes(lesson.picture)
    asked = replace(lesson.request, brief=replace(lesson.request.brief, image_file=path))
    conversation = chat.messages(asked, {"type": "image", "image": f"file://{path.resolve()}"})
    prompt = processor.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    images, _ = process_vision_info(conversation)
    whole = processor(
        text=[f"{prompt}{lesson.answer}<|im_end|>"], images=images, return_tensors="pt"
    )
    answer = processor.tokenizer(f"{lesson.answer}<|im_end|>")["input_ids"]
    labels = whole["input_ids"].clone()
    labels[:, : -len(answer)] = -100
    whole["labels"] = labels
    path.unlink()
    return whole
