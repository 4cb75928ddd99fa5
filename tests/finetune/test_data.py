"""What is learnt from: the agents' own prompts, token by token, and each sample read once."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.graph import build_graph
from mmusset.builder.trial import trial_of_source
from mmusset.errors import MmussetError, UsageError
from mmusset.finetune.batch import attention_mask_of, batch_of
from mmusset.finetune.chats import Chat, read_chats
from mmusset.finetune.packing import PackedSample, pack_chats, tokens_of
from mmusset.finetune.recipe import DataPart
from mmusset.recipe import Recipe
from mmusset.sample_parts.texts import Story
from mmusset.sources.folder import FolderSource
from mmusset.speakers import chat as chats_of_agents
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.base import Request
from mmusset.speakers.picture import fit
from tests.support.command import SHORT, mmusset
from tests.support.finetune_parts import DATA, alone, learner, packed
from tests.support.media import library
from tests.support.musflow_parts import dataset
from tests.support.samples import Sample, jpeg, sample
from tests.support.train_tiny import Listening


def test_what_is_taught_is_what_the_agents_send(tmp_path: Path) -> None:
    """The prompts of a build, word by word, made again from its shards."""
    folder, out = library(tmp_path / "source", 3), tmp_path / "out"
    (folder / "artist 0" / "album.json").write_text('{"genre": "Rock"}')
    built = mmusset("build", "--source", folder, "--out", out, *SHORT)
    assert built.returncode == 0, built.stderr

    async def asked() -> list[Request]:
        # Stories are taught with the length that they were asked for: the offline speaker's here.
        same = (SHORT[1], "speaker.max_pixels=3136", "critic.story_words=[20, 120]")
        loaded = recipe_file.load(Recipe, "transformers", same, AGENTS)
        speaker = Listening()
        for place in (1, 2, 3):
            async with trial_of_source(FolderSource(folder), place, loaded) as trial:
                await build_graph(Asker(speaker, InMemoryReplies()), loaded, AGENTS)(trial.material)
        return [lesson.request for lesson in speaker.lessons]

    sent = {
        json.dumps(chats_of_agents.messages(request, {"type": "image"}))
        for request in asyncio.run(asked())
        if request.brief.agent.name in ("captioner", "story_writer")
    }
    taught = {json.dumps(list(chat.messages[:-1])) for chat in read_chats([str(out)], DATA).chats}
    assert taught == sent
    assert len(taught) == 6
    assert sum("genre: rock" in prompt for prompt in taught) == 4, "the tags' part of it, too"


def test_only_the_answer_and_its_end_are_learnt(base: Path, source: Path) -> None:
    """Token by token: run with -s to see them."""
    _, processor = packed(base, source)
    chat = read_chats([str(source)], DATA).chats[0]
    tokens = tokens_of(chat, processor)
    for token, learnt in zip(tokens.input_ids, tokens.is_label, strict=True):
        print("learnt" if learnt else "told  ", repr(processor.tokenizer.decode([token])))
    learnt = [token for token, yes in zip(tokens.input_ids, tokens.is_label, strict=True) if yes]
    assert processor.tokenizer.decode(learnt) == chat.messages[-1]["content"] + "<|im_end|>"
    assert tokens.is_label == tuple(sorted(tokens.is_label)), "the answer stands last"
    whole = processor.apply_chat_template(list(chat.messages), tokenize=False)
    images = [Image.open(io.BytesIO(picture)) for picture in chat.images]
    served = processor(text=[whole], images=images)["input_ids"][0]
    assert served == [*tokens.input_ids, *processor.tokenizer("\n")["input_ids"]]


def conversation(where: str = "here") -> Chat:
    """Two turns, of which each is learnt."""
    parts = [{"type": "image"}, {"type": "text", "text": "What is seen?"}]
    return Chat(
        where=where,
        family=where,
        group=where,
        split="train",
        messages=(
            {"role": "user", "content": parts},
            {"role": "assistant", "content": "A quiet piece."},
            {"role": "user", "content": "And the lamp?"},
            {"role": "assistant", "content": "It was out."},
        ),
        images=(fit(Image.open(io.BytesIO(jpeg())), 3136),),
    )


def test_every_turn_of_the_assistant_is_learnt(base: Path, source: Path) -> None:
    _, processor = packed(base, source)
    tokens = tokens_of(conversation(), processor)
    learnt = [token for token, yes in zip(tokens.input_ids, tokens.is_label, strict=True) if yes]
    assert processor.tokenizer.decode(learnt) == "A quiet piece.<|im_end|>It was out.<|im_end|>"
    whole = processor.apply_chat_template(list(conversation().messages), tokenize=False)
    image = Image.open(io.BytesIO(conversation().images[0]))
    served = processor(text=[whole], images=[image])["input_ids"][0]
    assert list(tokens.input_ids) == served[: len(tokens.input_ids)]


def summed_loss(model: Any, processor: Any, chat: Chat) -> torch.Tensor:
    """Of a chat, as transformers computes it: all logits, labels with -100."""
    loss: torch.Tensor = alone(model, processor, chat).loss
    return loss * sum(tokens_of(chat, processor).is_label)


@pytest.mark.slow
def test_a_packed_sample_teaches_what_its_chats_teach_one_by_one(base: Path, source: Path) -> None:
    """One beginning for two prompts, logits of the answers alone: loss and every gradient are
    those of the full path, chat by chat."""
    found, processor = packed(base, source)
    model = learner(base).eval()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    chats = read_chats([str(source)], DATA).chats[:6]
    samples = found.samples[:3]
    assert [len(sample.branch_ends) for sample in samples] == [2, 2, 2]
    loss = model(batch_of(samples, processor, model.base.model.get_rope_index))
    gradients = torch.autograd.grad(loss, weights)
    full = torch.stack([summed_loss(model.base, processor, chat) for chat in chats]).sum()
    apart = torch.autograd.grad(full, weights)
    torch.testing.assert_close(loss, full, rtol=1e-5, atol=1e-4)
    for ours, theirs in zip(gradients, apart, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    assert sum(len(sample.input_ids) for sample in samples) < 0.75 * sum(
        len(tokens_of(chat, processor).input_ids) for chat in chats
    )


@pytest.mark.slow
def test_a_page_with_turns_and_none_to_share_teaches_the_same(base: Path, source: Path) -> None:
    _, processor = packed(base, source)
    model = learner(base).eval()
    (sample,) = pack_chats([conversation()], processor, 4096).samples
    loss = model(batch_of([sample], processor, model.base.model.get_rope_index))
    torch.testing.assert_close(loss, summed_loss(model.base, processor, conversation()))


def test_branches_attend_to_the_prefix_and_themselves() -> None:
    sample = PackedSample("here", "train", (1, 2, 3, 4, 5, 6), 2, (4, 6), (2,), (3,), ())
    shown = [
        "".join("x" if yes else "." for yes in row) for row in attention_mask_of(sample, 7).tolist()
    ]
    assert shown == ["x......", "xx.....", "xxx....", "xxxx...", "xx..x..", "xx..xx.", "......x"]


def test_a_chat_that_is_too_long_is_left_out_and_never_cut(base: Path, source: Path) -> None:
    found, processor = packed(base, source)
    chats = read_chats([str(source)], DATA).chats
    lengths = sorted(len(tokens_of(chat, processor).input_ids) for chat in chats)
    most = lengths[len(lengths) // 2 - 1]
    some = pack_chats(chats, processor, most)
    assert some.too_long == sum(length > most for length in lengths) > 0
    assert all(len(sample.input_ids) <= most for sample in some.samples)
    assert sum(len(sample.branch_ends) for sample in some.samples) == len(chats) - some.too_long
    with pytest.raises(MmussetError, match=r"all 14 chats are longer than data.max_tokens, 20"):
        pack_chats(chats, processor, 20)
    assert found.sha256 != some.sha256


def written_by(number: int, writer: str, model: str = "", note: str = "") -> Sample:
    """A sample whose caption and story are of this writer; of a model's, where one is named."""
    made = sample(number)
    q = made.quadruple
    turns = tuple(t.model_copy(update={"speaker": "vllm", "model": model}) for t in q.turns)
    caption = q.caption if writer == "given" else q.caption.model_copy(update={"writer": writer})
    story = Story(text=f"Ours, number {number}.", writer=writer, note=note)
    changed: dict[str, Any] = {"caption": caption, "story": story}
    if model:
        changed = {"turns": turns, "speaker": "vllm", "model": model}
    return replace(made, quadruple=q.model_copy(update=changed))


def test_people_come_first_and_neither_the_grammar_nor_the_model_itself_is_learnt_from(
    tmp_path: Path,
) -> None:
    folder = dataset(
        tmp_path,
        train_0=[
            written_by(0, "person"),
            written_by(1, "given"),
            written_by(2, "given", note="injection: 'Ignore'"),
            written_by(3, "captioner", "Qwen/Qwen2-VL-2B-Instruct@main"),
            written_by(4, "captioner", "Qwen/Qwen2-VL-7B-Instruct"),
        ],
    )
    learnt = read_chats([str(folder)], DataPart(max_pixels=3136), "Qwen/Qwen2-VL-2B-Instruct")
    assert dict(learnt.writers) == {
        "corrected by a person": 2,
        "given by the source": 1,
        "Qwen/Qwen2-VL-7B-Instruct": 2,
    }
    assert dict(learnt.left_out) == {
        "written by the offline grammar (--include offline takes them)": 2,
        "a given story that the critic has something against": 1,
        "written by Qwen/Qwen2-VL-2B-Instruct@main, which is to be taught": 2,
    }
    texts = [chat.messages[-1]["content"] for chat in learnt.of("train")]
    twice = {text for text in texts if texts.count(text) == 2}
    assert twice == {chat.messages[-1]["content"] for chat in learnt.of("train") if chat.by_person}
    assert "corrected by a person (2)" in learnt.text()


@pytest.mark.slow
def test_where_only_the_grammar_wrote_it_ends_with_the_option_that_takes_it(tmp_path: Path) -> None:
    folder = dataset(tmp_path, train_0=[sample(0), sample(1)])
    refused = mmusset("finetune", folder, "--plan")
    assert refused.returncode == 2
    assert "4 texts were written by the offline grammar" in refused.stderr
    assert "--include offline" in refused.stderr
    planned = mmusset("finetune", folder, "--plan", "--include", "offline")
    assert planned.returncode == 0, planned.stderr
    assert "texts by the offline grammar (4)" in planned.stderr


def test_without_a_validation_split_whole_groups_are_held_out(tmp_path: Path) -> None:
    group = ["a", "a", "b", "b", "c", "c"]
    folder = dataset(tmp_path, train_0=[sample(n, "train", g) for n, g in enumerate(group)])
    chats = read_chats([str(folder)], DATA).chats
    splits = {g: {c.split for c in chats if c.group == g} for g in set(group)}
    assert sorted(map(len, splits.values())) == [1, 1, 1]
    assert sum(split == {"validation"} for split in splits.values()) == 1


def test_what_train_and_validation_share_is_dropped_from_validation(tmp_path: Path) -> None:
    shared = replace(sample(9, "validation"), image_jpeg=sample(0).image_jpeg)
    folder = dataset(tmp_path, train_0=[sample(0)], validation_0=[sample(5, "validation"), shared])
    learnt = read_chats([str(folder)], DATA)
    assert [chat.split for chat in learnt.chats] == ["train"] * 2 + ["validation"] * 2
    assert list(learnt.left_out.values()) == [2]


def test_the_test_split_is_never_read(tmp_path: Path) -> None:
    folder = dataset(
        tmp_path,
        train_0=[sample(0)],
        validation_0=[sample(1, "validation")],
        test_0=[sample(2, "test")],
    )
    assert {chat.family for chat in read_chats([str(folder)], DATA).chats} == {"k00000", "k00001"}


def line(**changes: Any) -> dict[str, Any]:
    """A chat as a line of a JSONL file."""
    asked = [{"type": "image", "image": "a.jpg"}, {"type": "text", "text": "What is heard?"}]
    return {
        "messages": [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": "A quiet piece."},
        ]
    } | changes


def written(folder: Path, *lines: dict[str, Any]) -> str:
    for name, colour in (("a.jpg", "navy"), ("b.jpg", "olive")):
        (folder / name).write_bytes(jpeg(colour))
    path = folder / "chats.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    return str(path)


def test_chats_may_be_given_as_lines_of_json(tmp_path: Path, base: Path, source: Path) -> None:
    other = line(split="validation", group="g2")
    other["messages"][0]["content"][0]["image"] = "b.jpg"
    chats = read_chats([written(tmp_path, line(group="g1"), other)], DATA).chats
    assert [(chat.group, chat.split) for chat in chats] == [("g1", "train"), ("g2", "validation")]
    _, processor = packed(base, source)
    assert len(pack_chats(chats, processor, 4096).samples) == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c.pop("messages"), "line 1: messages: Field required"),
        (lambda c: c["messages"].pop(), "line 1: messages: .*at least 2"),
        (lambda c: c["messages"].append({"role": "user", "content": "?"}), "the assistant's"),
        (lambda c: c["messages"][0].update(role="human"), r"line 1: messages.0.role: "),
        (lambda c: c["messages"][0]["content"][0].update(image="no.jpg"), r"can't read .*no\.jpg"),
        (lambda c: c["messages"][0]["content"][0].update(image="chats.jsonl"), "no picture"),
    ],
)
def test_a_bad_line_is_named(
    spoil: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    bad = line()
    spoil(bad)
    with pytest.raises(UsageError, match=message):
        read_chats([written(tmp_path, bad)], DATA)


def test_text_that_passes_for_a_picture_is_refused(base: Path, source: Path) -> None:
    _, processor = packed(base, source)
    spoilt = replace(conversation(), messages=(
        {"role": "user", "content": "<|image_pad|>"}, *conversation().messages[1:],
    ), images=())  # fmt: skip
    with pytest.raises(MmussetError, match=r"here: its text holds <\|image_pad\|>"):
        tokens_of(spoilt, processor)


def test_special_tokens_in_an_answer_are_text(base: Path, source: Path) -> None:
    _, processor = packed(base, source)
    said = "It ends <|im_end|> here."
    messages = (*conversation().messages[:1], {"role": "assistant", "content": said})
    tokens = tokens_of(replace(conversation(), messages=messages), processor)
    learnt = [token for token, yes in zip(tokens.input_ids, tokens.is_label, strict=True) if yes]
    assert learnt.count(processor.tokenizer.eos_token_id) == 1
    assert processor.tokenizer.decode(learnt[:-1]) == said
