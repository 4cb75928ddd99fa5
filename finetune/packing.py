"""Chats as packed samples: the prefix that a sample's chats share is tokenized and computed once.

The agents' prompts about one sample begin with the same tokens (system text, image,
evidence). A packed sample holds that prefix once, followed by each chat's rest as a branch of
its own, which attends to the prefix and itself. The prefix's hidden states are the same for
all of them, so a packed sample has exactly the loss and gradients of its chats one by one.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from PIL import Image

from mmusset.errors import MmussetError
from mmusset.speakers.picture import FACTOR, tokens

from .chats import Chat, Message, Split

IMAGE_PAD = "<|image_pad|>"


@dataclass(frozen=True, slots=True)
class TokenizedChat:
    """A chat's token ids `[T]`; `is_label` says of each whether the assistant says it."""

    input_ids: tuple[int, ...]
    is_label: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PackedSample:
    """The chats about one sample as one row of tokens: `prefix_length` shared tokens, then the
    branches, which end before the positions `branch_ends`.

    `label_positions` are the positions of the labels in `input_ids`; `logit_positions` are
    those whose hidden states predict them: the position before in the same chat, which for
    the first token of a branch is the last of the prefix.
    """

    where: str
    split: Split
    input_ids: tuple[int, ...]
    prefix_length: int
    branch_ends: tuple[int, ...]
    logit_positions: tuple[int, ...]
    label_positions: tuple[int, ...]
    images: tuple[bytes, ...]

    @property
    def branches(self) -> list[tuple[int, int]]:
        """The first position and the end of each branch."""
        return list(zip((self.prefix_length, *self.branch_ends), self.branch_ends, strict=False))


@dataclass(frozen=True, slots=True)
class PackedDataset:
    """All packed samples, of how many chats, and how many more chats were too long."""

    samples: tuple[PackedSample, ...]
    chats: int
    too_long: int

    def of(self, split: Split) -> list[PackedSample]:
        return [sample for sample in self.samples if sample.split == split]

    @property
    def sha256(self) -> str:
        """Of everything that is trained on: tokens, images, splits."""
        digest = hashlib.sha256()
        for sample in self.samples:
            digest.update(
                repr(
                    (
                        sample.split,
                        sample.input_ids,
                        sample.prefix_length,
                        sample.branch_ends,
                        sample.logit_positions,
                        sample.label_positions,
                    )
                ).encode()
            )
            for image in sample.images:
                digest.update(hashlib.sha256(image).digest())
        return digest.hexdigest()


def pack_chats(chats: Sequence[Chat], processor: Any, max_tokens: int) -> PackedDataset:
    """The chats as packed samples, those of a family together as far as `max_tokens` allow.

    A chat of more tokens is left out, never cut: an image would lose its tokens.
    Raises MmussetError where the base's chat template is not ChatML.
    """
    _check_template(processor)
    samples, too_long = list[PackedSample](), 0
    for _, family in groupby(chats, lambda chat: (chat.family, chat.split, chat.images)):
        tokenized = [(chat, tokens_of(chat, processor)) for chat in family]
        fitting = [(chat, one) for chat, one in tokenized if len(one.input_ids) <= max_tokens]
        too_long += len(tokenized) - len(fitting)
        samples += _packed(fitting, max_tokens)
    if not any(sample.split == "train" for sample in samples):
        raise MmussetError(
            f"all {len(chats)} chats are longer than data.max_tokens, {max_tokens}: raise it, or"
            " lower data.max_pixels"
        )
    return PackedDataset(tuple(samples), len(chats), too_long)


def tokens_of(chat: Chat, processor: Any) -> TokenizedChat:
    """A chat in tokens, as a server makes them: prompt and reply each tokenized by themselves.

    Labels are the assistant's text and its end-of-turn token. Raises MmussetError for text
    that holds special tokens of the model.
    """
    tokenizer = processor.tokenizer
    input_ids, is_label, rendered = list[int](), list[bool](), 0
    images = iter(chat.images)
    for number, message in enumerate(chat.messages):
        if message["role"] != "assistant":
            continue
        text = _rendered(chat.messages[:number], processor, generation_prompt=True)
        prompt = list[int](tokenizer(_with_pads(text[rendered:], images))["input_ids"])
        # Split, or a reply that spells "<|im_end|>" would end there.
        reply = list[int](tokenizer(_text(message), split_special_tokens=True)["input_ids"])
        reply.append(tokenizer.eos_token_id)
        input_ids += prompt + reply
        is_label += [False] * len(prompt) + [True] * len(reply)
        rendered = len(text) + len(_text(message)) + len(tokenizer.eos_token)
    pad = tokenizer.convert_tokens_to_ids(IMAGE_PAD)
    expected = sum(image_tokens(image) for image in chat.images)
    if input_ids.count(pad) != expected or next(images, None) is not None:
        raise MmussetError(f"{chat.where}: its text holds {IMAGE_PAD}, which stands for a picture")
    return TokenizedChat(tuple(input_ids), tuple(is_label))


def image_tokens(jpeg: bytes) -> int:
    """How many tokens a fitted image takes."""
    with Image.open(io.BytesIO(jpeg)) as image:
        return tokens(*image.size)


def _with_pads(text: str, images: Iterator[bytes]) -> str:
    """A prompt in which each image's one pad token is repeated for all of the image's tokens."""
    first, *rest = text.split(IMAGE_PAD)
    for after in rest:
        image = next(images, None)
        first += (IMAGE_PAD * image_tokens(image) if image else IMAGE_PAD) + after
    return first


def _rendered(messages: Sequence[Message], processor: Any, generation_prompt: bool) -> str:
    return str(
        processor.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=generation_prompt
        )
    )


def _text(message: Message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _check_template(processor: Any) -> None:
    """Raises MmussetError unless the base's chat template renders turns as ChatML does, since
    `tokens_of` counts on where a reply begins and ends."""
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    eos = processor.tokenizer.eos_token
    try:
        prompt = _rendered(turns[:1], processor, generation_prompt=True)
        whole = _rendered(turns, processor, generation_prompt=False)
    except ValueError:
        prompt, whole = "", "no template"
    if not whole.startswith(f"{prompt}A{eos}"):
        raise MmussetError(
            "the base has no chat template in which an answer follows its prompt and ends with"
            f" {eos}: take an Instruct model, such as Qwen/Qwen2-VL-2B-Instruct"
        )
    size = getattr(processor.image_processor, "patch_size", 0) * getattr(
        processor.image_processor, "merge_size", 0
    )
    if size != FACTOR:
        raise MmussetError(f"the base sees patches of {size} pixels; Qwen2-VL's are {FACTOR}")


def _packed(family: list[tuple[Chat, TokenizedChat]], max_tokens: int) -> Iterator[PackedSample]:
    """As few packed samples as hold these chats in their order."""
    current = list[tuple[Chat, TokenizedChat]]()
    for chat, tokenized in family:
        if current and _packed_length([t for _, t in (*current, (chat, tokenized))]) > max_tokens:
            yield _pack(current)
            current = []
        current.append((chat, tokenized))
    if current:
        yield _pack(current)


def _pack(chats: list[tuple[Chat, TokenizedChat]]) -> PackedSample:
    first = chats[0][0]
    tokenized = [tokens for _, tokens in chats]
    prefix = _prefix_length(tokenized)
    input_ids, branch_ends = list(tokenized[0].input_ids[:prefix]), list[int]()
    logit_positions, label_positions = list[int](), list[int]()
    for chat in tokenized:
        offset = len(input_ids) - prefix
        input_ids += chat.input_ids[prefix:]
        for position in range(prefix, len(chat.input_ids)):
            if chat.is_label[position]:
                label_positions.append(position + offset)
                # The token before a branch's first one is the prefix's last, which did not move.
                logit_positions.append(position - 1 + (offset if position > prefix else 0))
        branch_ends.append(len(input_ids))
    return PackedSample(
        where=first.where,
        split=first.split,
        input_ids=tuple(input_ids),
        prefix_length=prefix,
        branch_ends=tuple(branch_ends),
        logit_positions=tuple(logit_positions),
        label_positions=tuple(label_positions),
        images=first.images,
    )


def _packed_length(chats: list[TokenizedChat]) -> int:
    prefix = _prefix_length(chats)
    return prefix + sum(len(chat.input_ids) - prefix for chat in chats)


def _prefix_length(chats: list[TokenizedChat]) -> int:
    """How many tokens all begin with that are no labels. A chat alone is all prefix up to its
    first reply."""
    shared = takewhile(
        lambda position: (
            len({chat.input_ids[position] for chat in chats}) == 1
            and not any(chat.is_label[position] for chat in chats)
        ),
        range(min(len(chat.input_ids) for chat in chats)),
    )
    return sum(1 for _ in shared)
