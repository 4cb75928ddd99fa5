"""A tiny Qwen2-VL that has learnt its part, an adapter for it, and a server of both."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.recipe import Recipe
from mmusset.speakers.adapter import read_adapter
from tests.support.command import environment, mmusset
from tests.support.tiny_qwen2vl import make_tiny
from tests.support.train_tiny import lessons_of, texts_of, train

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "source"
# Four patches a picture, and no dice: what was learnt by heart comes back word by word.
RECITING = (
    "speaker.max_pixels=3136",
    *(f"speaker.sampling.{agent}.temperature=0" for agent in ("captioner", "story_writer")),
    "speaker.sampling.reconciler.temperature=0",
    # What it has learnt are the offline speaker's stories, which are shorter than a model's.
    "critic.story_words=[20, 120]",
)
TAUGHT_SOON = [
    word
    for setting in (
        "data.max_pixels=3136",
        "lora.rank=16",
        "lora.dropout=0",
        "train.epochs=12",
        "train.batch=2",
        "train.micro_batch=2",
        "train.lr=0.001",
        "train.checkpointing=false",
    )
    for word in ("--set", setting)
]
ITEMS = 4  # of the source's thirteen
STEPS, BATCH = 220, 2


@dataclass(frozen=True)
class Running:
    """`mmusset serve` as a process, and what it serves."""

    process: "subprocess.Popen[str]"
    url: str
    model: str
    adapter: str


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 0.9 million weights that knows by heart what to say of the example source."""
    folder = tmp_path_factory.mktemp("taught")
    lessons = lessons_of(SOURCE, recipe_file.load(Recipe, "transformers", RECITING, AGENTS), ITEMS)
    random = make_tiny(folder / "random", texts_of(lessons))
    train(random, lessons, folder / "taught", STEPS, BATCH)
    return folder / "taught"


@pytest.fixture(scope="session")
def adapter(taught: Path) -> Path:
    """An adapter that `mmusset finetune` has taught to say it in other words."""
    data, out = taught.parent / "data", taught.parent / "other words"
    other = ["--set", "speaker.seed=7"]
    built = mmusset("build", "--source", SOURCE, "--out", data, "--limit", "7", *other)
    assert built.returncode == 0, built.stderr
    done = mmusset(
        "finetune", data, "--include", "offline", "--base", taught, "--out", out, *TAUGHT_SOON
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def server(taught: Path, adapter: Path) -> Iterator[Running]:
    """Both, served."""
    words = ["serve", "--model", str(taught), "--adapter", str(adapter), "--port", "0"]
    process = started(*words)
    assert process.stdout
    url = process.stdout.readline().strip()
    if not url:
        raise RuntimeError(process.communicate()[1])
    yield Running(process, url, str(taught), read_adapter(adapter).name)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def started(*words: str) -> "subprocess.Popen[str]":
    """`mmusset WORDS`, on its way, from the root of the checkout.

    The model runs in vLLM's engine process: one of its own takes 13 CPU-s more at each start.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "mmusset", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment() | {"HF_HUB_OFFLINE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"},
    )


def settings(*overrides: str) -> list[str]:
    """`--set` before each."""
    return [word for override in overrides for word in ("--set", override)]
