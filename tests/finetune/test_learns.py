"""A whole fine-tuning on the example source, and whether it helped: minutes on two cores."""

import json
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageEnhance

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.critic import CRITIC
from mmusset.finetune.chats import Chat, read_chats
from mmusset.finetune.compare import ComparisonRequest, compare
from mmusset.finetune.learner import read_processor
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.shards.reader import raw_samples, shards_of
from mmusset.speakers.adapter import check_adapter, read_adapter
from tests.support.command import mmusset
from tests.support.finetune_parts import DATA, FEW_PIXELS, alone, recipe, teach_words, texts_of
from tests.support.made_once import made_once
from tests.support.tiny_qwen2vl import make_tiny
from tests.support.train_tiny import lessons_of, train

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).parents[2] / "examples" / "source"
SETTINGS = {
    "data.max_pixels": FEW_PIXELS,
    "lora.rank": 64,
    "lora.alpha": 64,
    "lora.dropout": 0,
    "train.epochs": 36,
    "train.batch": 2,
    "train.micro_batch": 2,
    "train.lr": 0.005,
    "train.checkpointing": False,
    "train.patience": 0,
}


@pytest.fixture(scope="module")
def dataset(example: Path) -> Path:
    return example


@pytest.fixture(scope="module")
def base(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "knows the words", partial(teach, dataset)) / "base"


def teach(dataset: Path, folder: Path) -> None:
    """A base that knows the words, and how a critic answers who finds nothing."""
    loaded = recipe_file.load(Recipe, "transformers", (f"speaker.max_pixels={FEW_PIXELS}",), AGENTS)
    lessons = [x for x in lessons_of(SOURCE, loaded, 13) if x.request.brief.agent is CRITIC]
    chats = read_chats([str(dataset)], DATA).chats
    asked = [text for x in lessons for text in (x.request.brief.prompt.task, x.answer)]
    random = make_tiny(folder / "random", [*texts_of(chats), *asked])
    worded = teach_words(random, chats, folder / "worded", steps=100)
    train(worded, lessons, folder / "base", steps=40)


def given(chats: tuple[Chat, ...], folder: Path) -> Path:
    """Chats as lines of JSON, and each once more to validate on, its picture a little brighter:
    who has learnt them by heart knows those too."""
    folder.mkdir()
    lines = []
    for number, chat in enumerate(chats):
        image = Image.open(BytesIO(chat.images[0]))
        for split, shown in (
            ("train", image),
            ("validation", ImageEnhance.Brightness(image).enhance(1.05)),
        ):
            name = f"{number}-{split}.png"
            shown.save(folder / name)
            system, user, answer = chat.messages
            parts = [{"type": "image", "image": name}, *user["content"][1:]]
            messages = [system, {"role": "user", "content": parts}, answer]
            lines.append({"messages": messages, "split": split, "group": f"{split} {number}"})
    path = folder / "chats.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.fixture(scope="module")
def adapter(dataset: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = made_once(tmp_path_factory, "has learnt", partial(fine_tune, dataset, base))
    return made / "adapter"


def fine_tune(dataset: Path, base: Path, folder: Path) -> None:
    chats = given(read_chats([str(dataset)], DATA).chats, folder / "given")
    sets = [w for key, value in SETTINGS.items() for w in ("--set", f"{key}={json.dumps(value)}")]
    asked = ["finetune", chats, "--base", base, "--out", folder / "adapter", *sets]
    done = mmusset(*asked, "--merge", folder / "merged")
    assert done.returncode == 0, done.stderr


def test_validation_loss_falls_by_half_or_more(adapter: Path) -> None:
    lines = map(json.loads, (adapter / "log.jsonl").read_text().splitlines())
    losses = [line["loss"] for line in lines if line["at"] == "validation"]
    print("validation", [round(loss, 3) for loss in losses])
    assert min(losses) < losses[0] / 2


def test_merged_it_says_what_it_says_beside_its_base(
    adapter: Path, base: Path, dataset: Path
) -> None:
    from peft import PeftModel
    from transformers import Qwen2VLForConditionalGeneration

    check_adapter(read_adapter(adapter), str(base))
    plain = Qwen2VLForConditionalGeneration.from_pretrained(base)
    merged = Qwen2VLForConditionalGeneration.from_pretrained(adapter.parent / "merged")
    processor = read_processor(recipe(base), "")
    chat = read_chats([str(dataset)], DATA).chats[0]
    with torch.no_grad():
        before = alone(plain, processor, chat).logits
        beside = alone(PeftModel.from_pretrained(plain, adapter), processor, chat).logits
        within = alone(merged, processor, chat).logits
    off = float((beside - within).abs().max())
    print("merged, off by", off)
    assert off < 1e-4
    assert float((beside - before).abs().max()) > 1


def test_it_beats_its_base(adapter: Path, base: Path, dataset: Path) -> None:
    asked = ComparisonRequest(str(dataset), str(base), adapter, "train", None)
    assert asked.taught.data.max_pixels == FEW_PIXELS, "as it was taught"
    found, examples = compare(asked, Progress())
    print(found.text())
    better = {row.name: row for row in found.rows if row.shown}
    for name in ("answers in schema", "claim recall", "captions without a fault", "accepted"):
        assert better[name].difference.low > 0, name
    assert better["answers in schema"].adapter.value > 0.9
    assert better["accepted"].adapter.value > 0.8
    wanted = captions(dataset)
    right = [e.adapter.caption.text == wanted[e.sample.quadruple.key] for e in examples]
    print("captions that came back word by word:", sum(right), "of", len(right))
    assert sum(right) >= len(right) - 1


def test_the_command_writes_figures_and_a_page(
    adapter: Path, base: Path, dataset: Path, tmp_path: Path
) -> None:
    asked = ["evaluate-speaker", dataset, "--adapter", adapter, "--split", "train"]
    few = ["--limit", "2", "--out", tmp_path / "compared"]
    done = mmusset(*asked, *few, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "compared" / "evaluation.json").read_text())
    assert facts == json.loads(done.stdout)
    assert facts["samples"] == 2
    page = (tmp_path / "compared" / "examples.html").read_text()
    assert page.count("<article>") == 2
    assert "http" not in page.replace("http-equiv", "")
    again = mmusset(*asked, *few)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def captions(dataset: Path) -> dict[str, str]:
    return {
        key: members["caption.txt"].decode()
        for shard in shards_of(str(dataset))
        for key, members in raw_samples(shard)
    }
