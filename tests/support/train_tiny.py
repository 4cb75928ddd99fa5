"""Teaches the tiny Qwen2-VL by heart what the offline speaker says, in the prompts as sent."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from mmusset.agents import AGENTS
from mmusset.agents.graph import build_graph
from mmusset.builder.trial import trial_of_source
from mmusset.recipe import Recipe
from mmusset.sources.folder import FolderSource
from mmusset.speakers import chat
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.base import Reply, Request
from mmusset.speakers.offline.speaker import OfflineSpeaker

RATE = 3e-3


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

    async def answer(self, request: Request) -> Reply:
        answer = await super().answer(request)
        self.lessons.append(
            Lesson(request, request.brief.material.image_file.read_bytes(), answer.text)
        )
        return answer


def lessons_of(source: Path, recipe: Recipe, items: int) -> list[Lesson]:
    """All that the agents ask about the first items of a source, and the offline answers."""

    async def listen() -> list[Lesson]:
        speaker = Listening()
        graph = build_graph(Asker(speaker, InMemoryReplies()), recipe, AGENTS)
        for place in range(1, items + 1):
            async with trial_of_source(FolderSource(source), place, recipe) as trial:
                await graph(trial.material)
        return speaker.lessons

    return asyncio.run(listen())


def texts_of(lessons: Sequence[Lesson]) -> list[str]:
    """All words of the lessons, for a vocabulary; what all lessons of a sample share, once."""
    prompts = [lesson.request.brief.prompt for lesson in lessons]
    shared = dict.fromkeys(text for prompt in prompts for text in (prompt.system, prompt.evidence))
    return [*shared, *(prompt.task for prompt in prompts), *(lesson.answer for lesson in lessons)]


def train(base: Path, lessons: Sequence[Lesson], out: Path, steps: int, batch: int = 4) -> float:
    """Train all weights of `base` on the answers alone; gives the last step's mean loss."""
    from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

    model = Qwen2VLForConditionalGeneration.from_pretrained(base).train()
    processor = AutoProcessor.from_pretrained(base)
    pages = [_page(processor, lesson) for lesson in lessons]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=steps, pct_start=0.1
    )
    order = shuffled(len(pages))
    loss = 0.0
    for _ in range(steps):
        optimizer.zero_grad()
        loss = 0.0
        for index in islice(order, batch):
            part = _loss(model, pages[index]) / batch
            part.backward()
            loss += float(part.detach())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.save_pretrained(out)
    processor.save_pretrained(out)
    return loss


@dataclass(frozen=True)
class Page:
    """A lesson in tokens: the prompt with its answer, and how many the answer has."""

    inputs: Any
    answer: torch.Tensor


def _page(processor: Any, lesson: Lesson) -> Page:
    picture = Image.open(BytesIO(lesson.picture))
    conversation = chat.messages(lesson.request, {"type": "image", "image": ""})
    prompt = processor.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    answer = f"{lesson.answer}<|im_end|>"
    return Page(
        processor(text=[prompt + answer], images=[picture], return_tensors="pt"),
        torch.tensor(processor.tokenizer(answer)["input_ids"]),
    )


def _loss(model: Any, page: Page) -> torch.Tensor:
    """Cross-entropy of the answer's tokens; logits of the long prompt are not computed."""
    logits = model(**page.inputs, logits_to_keep=len(page.answer) + 1).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, page.answer)


def shuffled(count: int) -> Iterator[int]:
    """Every index once, in random order, again and again."""
    dice = torch.Generator().manual_seed(0)
    while True:
        yield from torch.randperm(count, generator=dice).tolist()
