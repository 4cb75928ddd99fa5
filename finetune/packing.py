"""Chats as tokens: which are told, which are learnt, and what of a sample is told only once.

The agents' prompts about one sample begin with the same tokens (system text, picture,
evidence). A page holds that beginning once, and after it each agent's ending as a branch of
its own, which sees the beginning and itself. What is computed for the beginning is the same
for all of them, so a page teaches exactly what its chats would teach one by one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

from PIL import Image

from mmusset.errors import MmussetError
from mmusset.speakers.picture import FACTOR, tokens

from .chats import Chat, Message, Split

IMAGE = "<|image_pad|>"


@dataclass(frozen=True, slots=True)
class TokenizedChat:
    """A chat in tokens: `learnt` says of each whether the assistant says it."""

    ids: tuple[int, ...]
    learnt: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PackedSample:
    """One sample in tokens: a beginning, then the branches, whose ends are places in `ids`.

    `targets` are the places of the tokens that are learnt, and `sources` those that tell them:
    the place before in the same chat.
    """

    where: str
    split: Split
    ids: tuple[int, ...]
    beginning: int
    ends: tuple[int, ...]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    pictures: tuple[bytes, ...]

    @property
    def branches(self) -> list[tuple[int, int]]:
        """First place and end of each branch."""
        return list(zip((self.beginning, *self.ends), self.ends, strict=False))


@dataclass(frozen=True, slots=True)
class PackedDataset:
    """All pages, and how many chats were too long to be learnt."""

    pages: tuple[PackedSample, ...]
    chats: int
    too_long: int

    def of(self, split: Split) -> list[PackedSample]:
        return [page for page in self.pages if page.split == split]

    @property
    def sha256(self) -> str:
        """Of all that is learnt: tokens, pictures, splits."""
        digest = hashlib.sha256()
        for page in self.pages:
            told = (page.split, page.ids, page.beginning, page.ends, page.sources, page.targets)
            digest.update(repr(told).encode())
            for picture in page.pictures:
                digest.update(hashlib.sha256(picture).digest())
        return digest.hexdigest()


def pack_chats(chats: Sequence[Chat], processor: Any, max_tokens: int) -> PackedDataset:
    """The pages of all chats, those of a family together as far as `max_tokens` allow.

    A chat of more tokens is left out, never cut: a picture would lose its tokens.
    Raises MmussetError where the base's chat template is none that we know.
    """
    _check_template(processor)
    pages, too_long = list[PackedSample](), 0
    for _, family in groupby(chats, lambda chat: (chat.family, chat.split, chat.pictures)):
        read = [(chat, tokens_of(chat, processor)) for chat in family]
        fitting = [(chat, told) for chat, told in read if len(told.ids) <= max_tokens]
        too_long += len(read) - len(fitting)
        pages += _pages(fitting, max_tokens)
    if not any(page.split == "train" for page in pages):
        raise MmussetError(
            f"all {len(chats)} chats are longer than data.max_tokens, {max_tokens}: raise it, or"
            " lower data.max_pixels"
        )
    return PackedDataset(tuple(pages), len(chats), too_long)


def tokens_of(chat: Chat, processor: Any) -> TokenizedChat:
    """A chat in tokens, as a server makes them: prompt and answer each by themselves.

    Only the assistant's words and the end of its turn are learnt. Raises MmussetError for text
    that holds tokens of the model's own.
    """
    tokenizer = processor.tokenizer
    ids, learnt, told = list[int](), list[bool](), 0
    pictures = iter(chat.pictures)
    for number, message in enumerate(chat.messages):
        if message["role"] != "assistant":
            continue
        until = _rendered(chat.messages[:number], processor, answer=True)
        asked = list[int](tokenizer(_with_pads(until[told:], pictures))["input_ids"])
        said = list[int](tokenizer(_text(message), split_special_tokens=True)["input_ids"])
        said.append(tokenizer.eos_token_id)
        ids += asked + said
        learnt += [False] * len(asked) + [True] * len(said)
        told = len(until) + len(_text(message)) + len(tokenizer.eos_token)
    pad = tokenizer.convert_tokens_to_ids(IMAGE)
    shown = sum(picture_tokens(picture) for picture in chat.pictures)
    if ids.count(pad) != shown or next(pictures, None) is not None:
        raise MmussetError(f"{chat.where}: its text holds {IMAGE}, which stands for a picture")
    return TokenizedChat(tuple(ids), tuple(learnt))


def picture_tokens(jpeg: bytes) -> int:
    """How many tokens a fitted picture takes."""
    import io

    with Image.open(io.BytesIO(jpeg)) as image:
        return tokens(*image.size)


def _with_pads(text: str, pictures: Iterator[bytes]) -> str:
    """A prompt in which the place of each picture is as long as the picture."""
    first, *rest = text.split(IMAGE)
    for after in rest:
        picture = next(pictures, None)
        first += (IMAGE * picture_tokens(picture) if picture else IMAGE) + after
    return first


def _rendered(messages: Sequence[Message], processor: Any, answer: bool) -> str:
    return str(
        processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=answer)
    )


def _text(message: Message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _check_template(processor: Any) -> None:
    """Raises MmussetError unless the base's template says turns as ChatML does."""
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    eos = processor.tokenizer.eos_token
    try:
        prompt = _rendered(turns[:1], processor, answer=True)
        whole = _rendered(turns, processor, answer=False)
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


def _pages(family: list[tuple[Chat, TokenizedChat]], max_tokens: int) -> Iterator[PackedSample]:
    """As few pages as hold these chats one after the other."""
    on_page = list[tuple[Chat, TokenizedChat]]()
    for chat, told in family:
        if on_page and _length([t for _, t in (*on_page, (chat, told))]) > max_tokens:
            yield _page(on_page)
            on_page = []
        on_page.append((chat, told))
    if on_page:
        yield _page(on_page)


def _page(on_page: list[tuple[Chat, TokenizedChat]]) -> PackedSample:
    chat = on_page[0][0]
    told = [tokens for _, tokens in on_page]
    beginning = _beginning(told)
    ids, ends = list(told[0].ids[:beginning]), list[int]()
    sources, targets = list[int](), list[int]()
    for one in told:
        moved = len(ids) - beginning
        ids += one.ids[beginning:]
        for place in range(beginning, len(one.ids)):
            if one.learnt[place]:
                targets.append(place + moved)
                sources.append(place - 1 + (moved if place > beginning else 0))
        ends.append(len(ids))
    return PackedSample(
        where=chat.where,
        split=chat.split,
        ids=tuple(ids),
        beginning=beginning,
        ends=tuple(ends),
        sources=tuple(sources),
        targets=tuple(targets),
        pictures=chat.pictures,
    )


def _length(told: list[TokenizedChat]) -> int:
    beginning = _beginning(told)
    return beginning + sum(len(one.ids) - beginning for one in told)


def _beginning(told: list[TokenizedChat]) -> int:
    """How many tokens all begin with, and none of them learns. A chat alone is all beginning
    up to its first answer."""
    alike = takewhile(
        lambda place: (
            len({one.ids[place] for one in told}) == 1
            and not any(one.learnt[place] for one in told)
        ),
        range(min(len(one.ids) for one in told)),
    )
    return sum(1 for _ in alike)
