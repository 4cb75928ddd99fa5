"""The training data: chats made from a dataset's samples as the agents prompt for them, or given
as JSONL.

A chat is a request's messages and the reply that it should have had. The prompts are made by
the agents' own code, so that training sees exactly what a build will send.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from mmusset.agents.captioner import CAPTIONER, CaptionReply
from mmusset.agents.state import GraphAgent, begin, brief
from mmusset.agents.story_writer import STORY_WRITER, StoryReply
from mmusset.bounded import MB, read_bounded, read_text_bounded
from mmusset.errors import MmussetError, UsageError
from mmusset.frozen import Frozen
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.rights import TagsPart, UsedTag
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample import Material, Quadruple
from mmusset.shards.reader import BadSample, manifest_of, raw_samples, shards_of, split_of
from mmusset.speakers import chat
from mmusset.speakers.base import Request
from mmusset.speakers.picture import fit
from mmusset.training.picture import decode_image

from .recipe import DataPart, Taught
from .writers import Writer, writer_of

Message = dict[str, Any]
Split = Literal["train", "validation"]
CHATS = ".jsonl"
BY_OFFLINE = "written by the offline grammar (--include offline takes them)"
MOST_OF_A_STORY = 2000  # characters, as `StoryReply` has it
MOST_OF_CHATS, MOST_OF_A_PICTURE = 1000 * MB, 64 * MB
TAUGHT: dict[Taught, GraphAgent[BaseModel]] = {
    "captioner": CAPTIONER,
    "story_writer": STORY_WRITER,
}


@dataclass(frozen=True, slots=True)
class Chat:
    """Messages, of which the assistant's are the labels, with their images as a model sees them.

    Chats of one `family` share a prefix; those of one `group` are never in two splits. `by_person`
    says that a person wrote the reply of a sample.
    """

    where: str
    family: str
    group: str
    split: Split
    messages: tuple[Message, ...]
    images: tuple[bytes, ...]  # JPEGs of a fitted size, in the order of the messages
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class ChatDataset:
    """The chats of all sources, counts of what was left out and why, and who wrote how many texts.

    What a person wrote stands twice in the train split, so that it counts for more.
    """

    chats: tuple[Chat, ...]
    left_out: Counter[str]
    writers: Counter[str]

    def text(self) -> str:
        """Who wrote how much of what is learnt from, and what was left out."""
        return "; ".join(
            f"{title} {', '.join(f'{what} ({count})' for what, count in counts.items())}"
            for title, counts in (("texts by", self.writers), ("left out:", self.left_out))
            if counts
        )

    def of(self, split: Split) -> list[Chat]:
        return [chat for chat in self.chats if chat.split == split]


def read_chats(sources: Sequence[str], part: DataPart, base: str = "") -> ChatDataset:
    """The chats of datasets (folder, glob, tar or Hub) and of JSONL files, to teach `base`.

    Left out is what `base` itself wrote, and what the offline grammar wrote unless `part` includes
    that: a model would learn to sound like it.

    Raises UsageError for a source that is none of these, or holds nothing to train or validate
    on, and MmussetError for a broken one.
    """
    chats, left_out, writers = list[Chat](), Counter[str](), Counter[str]()
    for source in sources:
        if source.endswith(CHATS):
            chats += _given_chats(Path(source), part)
        else:
            chats += _of_dataset(source, part, base, left_out, writers)
    chats, doubtful = _apart(chats, part.held_out)
    left_out["a picture or a group of the train split, in validation too"] += doubtful
    for split in ("train", "validation"):
        if not any(chat.split == split for chat in chats):
            raise UsageError(_nothing(sources, split, part, left_out))
    return ChatDataset((*chats, *_again(chats)), +left_out, writers)


def _again(chats: Sequence[Chat]) -> Iterator[Chat]:
    """What people wrote, once more: nobody else is as good to learn from."""
    for one in chats:
        if one.by_person and one.split == "train":
            yield replace(one, family=f"{one.family} again")


def material_of(quadruple: Quadruple, picture: Path) -> Material:
    """A sample as the agents were given it; `picture` is what a model is shown.

    Tags that are not in the shards are missing.
    """
    return Material(quadruple.key, 0, quadruple.tags, quadruple.prepared(), picture)


def samples_of(shard: str) -> Iterator[tuple[str, Quadruple, bytes]]:
    """Each sample's place, its JSON, and its picture's JPEG. Raises MmussetError for another's."""
    for key, members in raw_samples(shard):
        try:
            yield (
                f"{shard}: {key}",
                Quadruple.model_validate_json(members["json"]),
                members["image.jpg"],
            )
        except (KeyError, ValidationError):
            raise MmussetError(
                f"{shard}: {key} is no sample of `mmusset build`; fine-tuning needs its evidence"
            ) from None


def certainty_of(shard: str) -> float:
    """The certainty by which a shard's dataset was built; the usual one where nothing tells."""
    manifest = manifest_of(shard)
    return float(manifest.recipe.get("certainty", CERTAINTY)) if manifest else CERTAINTY


def limits_of(shard: str) -> CriticPart:
    """What the critic let pass when a shard's dataset was built; the usual where nothing tells."""
    manifest = manifest_of(shard)
    try:
        return CriticPart.model_validate(manifest.recipe.get("critic", {}) if manifest else {})
    except ValidationError:
        return CriticPart()


def used_tags_of(shard: str) -> tuple[UsedTag, ...]:
    """The tags that the writers of a shard's dataset were told; none where nothing tells."""
    manifest = manifest_of(shard)
    try:
        return TagsPart.model_validate(manifest.recipe["tags"]).use if manifest else ()
    except (KeyError, ValidationError):
        return ()


def fitted(jpeg: bytes, max_pixels: int) -> bytes:
    """A picture as a build sends it to a model. Raises BadSample."""
    return fit(decode_image(jpeg), max_pixels)


def messages_of(
    quadruple: Quadruple,
    agent: GraphAgent[BaseModel],
    certainty: float,
    use: tuple[UsedTag, ...],
    story_words: tuple[int, int],
) -> list[Message]:
    """What `agent` is sent about a sample of which nothing is written yet; `use` are the tags
    that it is told."""
    state = begin(material_of(quadruple, Path()), certainty, use, story_words=story_words)
    return chat.messages(Request(brief(state, agent)), {"type": "image"})


def _of_dataset(
    source: str, part: DataPart, base: str, left_out: Counter[str], writers: Counter[str]
) -> Iterator[Chat]:
    shards = shards_of(source)
    for shard in shards:
        if split_of(shard) == "test":
            continue
        certainty, use = certainty_of(shard), used_tags_of(shard)
        story_words = limits_of(shard).story_words
        for where, quadruple, jpeg in samples_of(shard):
            try:
                picture = fitted(jpeg, part.max_pixels)
            except BadSample as error:
                raise MmussetError(f"{where}: {error}") from None
            for agent in part.agents:
                writer = writer_of(quadruple, agent)
                if why := _why_not(writer, quadruple, agent, part, base):
                    left_out[why] += 1
                    continue
                writers[str(writer)] += 1
                prompt = messages_of(quadruple, TAUGHT[agent], certainty, use, story_words)
                yield Chat(
                    where=f"{where}: {agent}",
                    family=quadruple.key,
                    group=quadruple.group,
                    split="validation" if quadruple.split == "validation" else "train",
                    messages=(
                        *prompt,
                        {"role": "assistant", "content": _answer(quadruple, agent)},
                    ),
                    images=(picture,),
                    by_person=writer.is_person,
                )


def _answer(quadruple: Quadruple, agent: Taught) -> str:
    """What `agent` should say of a sample: the text that was accepted."""
    if agent == "captioner":
        return CaptionReply(caption=quadruple.caption.text).model_dump_json()
    return StoryReply(story=quadruple.story.text).model_dump_json()


def _why_not(writer: Writer, quadruple: Quadruple, agent: Taught, part: DataPart, base: str) -> str:
    """Why a text is not learnt from; "" where it is."""
    if writer.kind == "offline" and "offline" not in part.include:
        return BY_OFFLINE
    if writer.is_model(base):
        return f"written by {writer}, which is to be taught"
    if writer.kind == "given" and quadruple.story.note:
        return "a given story that the critic has something against"
    if agent == "story_writer" and len(quadruple.story.text) > MOST_OF_A_STORY:
        return "a given story that is longer than any answer"
    return ""


# --- chats that are given ------------------------------------------------------------------


class ContentPart(Frozen):
    """A piece of a message. `image` is a path, from the folder of the JSONL file."""

    type: Literal["text", "image"]
    text: str = ""
    image: str = ""


class GivenMessage(Frozen):
    """A message as it stands in a JSONL file."""

    role: Literal["system", "user", "assistant"]
    content: str | tuple[ContentPart, ...]

    @property
    def parts(self) -> tuple[ContentPart, ...]:
        return () if isinstance(self.content, str) else self.content


class GivenChat(BaseModel):
    """A line of a JSONL file of chats. Without a group, its images are its group."""

    messages: Annotated[tuple[GivenMessage, ...], Field(min_length=2)]
    group: str = ""
    split: Split | None = None


def _given_chats(path: Path, part: DataPart) -> Iterator[Chat]:
    try:
        lines = read_text_bounded(path, MOST_OF_CHATS).splitlines()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"can't read the chats in {path}: {why}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _given_chat(f"{path}, line {number}", line, path.parent, part)


def _given_chat(where: str, line: str, folder: Path, part: DataPart) -> Chat:
    try:
        given = GivenChat.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors()[0]
        at = ".".join(map(str, fault["loc"]))
        raise UsageError(f"{where}: {at + ': ' if at else ''}{fault['msg']}") from None
    if given.messages[-1].role != "assistant" or not given.messages[-1].content:
        raise UsageError(f"{where}: its last message has to be the assistant's, to learn from")
    pictures = [p for m in given.messages for p in m.parts if p.type == "image"]
    if any(p.type == "image" for m in given.messages if m.role == "assistant" for p in m.parts):
        raise UsageError(f"{where}: an assistant can't answer with a picture")
    try:
        images = tuple(
            fitted(read_bounded(folder / p.image, MOST_OF_A_PICTURE), part.max_pixels)
            for p in pictures
        )
    except OSError as error:
        raise UsageError(f"{where}: can't read {error.filename}: {error.strerror}") from None
    except BadSample as error:
        raise UsageError(f"{where}: a picture of it: {error}") from None
    known = hashlib.sha256(b"".join(images) or line.encode()).hexdigest()
    return Chat(
        where=where,
        family=where,
        group=given.group or known,
        split=given.split or "train",
        messages=tuple(_message(message) for message in given.messages),
        images=images,
    )


def _message(given: GivenMessage) -> Message:
    if isinstance(given.content, str):
        return {"role": given.role, "content": given.content}
    parts = [{"type": "image"} if p.type == "image" else p.model_dump(include={"type", "text"})
             for p in given.content]  # fmt: skip
    return {"role": given.role, "content": parts}


# --- splits --------------------------------------------------------------------------------


def _apart(chats: list[Chat], held_out: float) -> tuple[list[Chat], int]:
    """The chats with a validation split that shares nothing with train, and how many that cost.

    Where no chat is of a validation split, whole groups are held out: those whose hashes are
    least, so that groups added later move no other.
    """
    if not any(chat.split == "validation" for chat in chats):
        by_hash = sorted({chat.group for chat in chats}, key=_hash)
        held = set(by_hash[: max(1, round(held_out * len(by_hash)))]) if len(by_hash) > 1 else set()
        chats = [replace(c, split="validation" if c.group in held else "train") for c in chats]
    taught = {known for chat in chats if chat.split == "train" for known in _known_by(chat)}
    kept = [c for c in chats if c.split == "train" or not taught & set(_known_by(c))]
    return kept, len(chats) - len(kept)


def _known_by(chat: Chat) -> tuple[str | bytes, ...]:
    return (chat.group, *chat.images)


def _hash(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()


def _nothing(sources: Sequence[str], split: str, part: DataPart, left_out: Counter[str]) -> str:
    where = ", ".join(sources)
    if left_out[BY_OFFLINE]:
        return (
            f"{where} leaves too little to learn from: {left_out[BY_OFFLINE]} texts were written by"
            " the offline grammar, and a model would learn to sound like it. Build with a model,"
            " correct texts in `mmusset view`, or, for a trial, add --include offline"
        )
    if split == "train":
        agents = " and ".join(part.agents)
        return (
            f"{where} holds no accepted sample to learn from for {agents}: see `mmusset status`,"
            " or build a larger dataset"
        )
    return (
        f"{where} leaves nothing to validate on: it needs samples of two groups or more"
        " (artists, folders, pictures)"
    )
