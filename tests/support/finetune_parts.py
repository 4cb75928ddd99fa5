"""What tests of fine-tuning share: a tiny base, samples to learn from, and how it is asked for."""

import io
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from mmusset.finetune.chats import Chat, read_chats
from mmusset.finetune.learner import adapted, load_base, read_processor
from mmusset.finetune.packing import PackedDataset, pack_chats, tokens_of
from mmusset.finetune.recipe import DataPart, FinetuneRecipe, LoraPart, LoraTrainPart
from mmusset.finetune.run import FinetuneJob
from mmusset.progress import Progress
from mmusset.recipe_file import load
from tests.support.musflow_parts import dataset
from tests.support.samples import sample
from tests.support.tiny_qwen2vl import make_tiny
from tests.support.train_tiny import shuffled

# Four patches a picture: prompts are long enough.
FEW_PIXELS = 4 * 28 * 28
DATA = DataPart(include=("offline",), max_pixels=FEW_PIXELS)
SETTINGS = {
    "data.include": ["offline"],
    "data.max_pixels": FEW_PIXELS,
    "lora.rank": 4,
    "train.epochs": 4,
    "train.batch": 2,
    "train.lr": 0.01,
    "train.validate_every": 4,
    "train.save_every": 4,
    "train.checkpointing": False,
}


def samples_to_learn(folder: Path) -> Path:
    """A dataset of five samples to learn from and two to validate on."""
    held_out = [sample(number, "validation") for number in (5, 6)]
    return dataset(folder, train_0=[sample(n) for n in range(5)], validation_0=held_out)


def tiny_base(folder: Path, source: Path) -> Path:
    """A random Qwen2-VL that knows the words of a dataset."""
    return make_tiny(folder, texts_of(read_chats([str(source)], DATA).chats))


def texts_of(chats: Sequence[Chat]) -> list[str]:
    """All that is said in chats."""
    contents = [message["content"] for chat in chats for message in chat.messages]
    return [
        content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        for content in contents
    ]


def recipe(base: Path, rank: int = 4, **train: Any) -> FinetuneRecipe:
    part = LoraTrainPart(**({"checkpointing": False} | train))
    return FinetuneRecipe(
        base=str(base), data=DATA, lora=LoraPart(rank=rank, dropout=0), train=part
    )


def packed(base: Path, source: Path) -> tuple[PackedDataset, Any]:
    """The samples of a dataset, and the base's processor."""
    processor = read_processor(recipe(base), "")
    return pack_chats(read_chats([str(source)], DATA).chats, processor, 4096), processor


def learner(base: Path, rank: int = 4, loud: bool = True, **train: Any) -> Any:
    """A learner on the CPU; `loud`: its adapter says something, as one that was trained."""
    asked = recipe(base, rank, **train)
    made = adapted(load_base(asked, "", "cpu", torch.float32), asked)
    if loud:
        torch.manual_seed(1)
        for name, weight in made.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.05)
    return made


def alone(model: Any, processor: Any, chat: Chat) -> Any:
    """What transformers itself makes of a chat, with the labels of its answers."""
    tokens = tokens_of(chat, processor)
    text = processor.apply_chat_template(list(chat.messages), tokenize=False)
    images = [Image.open(io.BytesIO(picture)) for picture in chat.images]
    inputs = processor(text=[text], images=images, return_tensors="pt")
    length = len(tokens.input_ids)
    along = ("input_ids", "attention_mask", "mm_token_type_ids")
    inputs = {k: v[:, :length] if k in along else v for k, v in inputs.items()}
    labels = torch.tensor(tokens.input_ids).masked_fill(~torch.tensor(tokens.is_label), -100)
    return model(**inputs, labels=labels[None])


def words(base: Path, source: Path | str, out: Path, **changes: Any) -> list[str | Path]:
    """`mmusset finetune`'s words; changes are `section__key=value`."""
    whole = SETTINGS | {key.replace("__", "."): value for key, value in changes.items()}
    sets = [w for key, value in whole.items() for w in ("--set", f"{key}={json.dumps(value)}")]
    return ["finetune", str(source), "--base", base, "--out", out, *sets]


def job(base: Path, source: Path | str, out: Path, **changes: Any) -> FinetuneJob:
    """The same, for who asks from within; `merge` too."""
    merge = changes.pop("merge", None)
    whole = SETTINGS | {key.replace("__", "."): value for key, value in changes.items()}
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in whole.items())
    asked = load(FinetuneRecipe, "lora-r8", (f"base={base}", *overrides))
    return FinetuneJob((str(source),), asked, out, merge, "cpu", Progress())


def teach_words(base: Path, chats: Sequence[Chat], out: Path, steps: int) -> Path:
    """`base` after it has read the answers of chats as plain text: it knows how they speak, and
    not what they answer, as a large model does before it is fine-tuned."""
    from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

    model = Qwen2VLForConditionalGeneration.from_pretrained(base).train()
    processor = AutoProcessor.from_pretrained(base)
    texts = [f"{chat.messages[-1]['content']}<|im_end|>" for chat in chats]
    rows = [torch.tensor(processor.tokenizer(text)["input_ids"]) for text in texts]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=steps, pct_start=0.1
    )
    order = shuffled(len(rows))
    for _ in range(steps):
        batch = [rows[index] for index in islice(order, 16)]
        ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        labels = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=-100)
        model(input_ids=ids, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    model.save_pretrained(out)
    processor.save_pretrained(out)
    return out
