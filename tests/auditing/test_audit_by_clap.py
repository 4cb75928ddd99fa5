"""An audit and a matching whose recipe has an ear with a heavy model, which a process of its own
runs: a CLAP of random weights, and a card that makes something of its scores."""

import json
from pathlib import Path

import pytest
import soundfile

from tests.support.clap import (
    RATE_HZ,
    XYLOPHONE_FROM,
    buzz,
    hiss,
    tiny_clap,
    toy_card,
    worth_from,
)
from tests.support.command import python, with_torch
from tests.support.media import picture

pytestmark = pytest.mark.slow  # transformers, for a model of an ear that few have


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The settings of a recipe that has it."""
    folder = tmp_path_factory.mktemp("clap")
    model = tiny_clap(folder / "model")
    card = toy_card(folder / "card", model, worth_from("xylophone", XYLOPHONE_FROM))
    settings = (
        *("ears=[clap]", f"clap.model={model}", f"clap.card={card}", "clip.seconds=2"),
        *(f"clip.rate_hz={RATE_HZ}", "limits.workers=1"),
    )
    return [word for each in settings for word in ("--set", each)]


def run(*words: str | Path) -> None:
    done = python("-m", "mmusset", *words, server=with_torch)
    assert done.returncode == 0, done.stderr


def test_an_audit_hears_with_it(ear: list[str], tmp_path: Path) -> None:
    for name, sound in {"buzz": buzz(30, 3), "hiss": hiss(30, 3)}.items():
        soundfile.write(tmp_path / f"{name}.wav", sound, RATE_HZ)
        (tmp_path / f"{name}.caption.txt").write_text("A xylophone plays.")
    run("audit", tmp_path, "--out", tmp_path / "out", *ear)
    found = json.loads((tmp_path / "out/audit.json").read_text())
    verdicts = {each["music_path"]: each["claims"][0]["verdict"] for each in found["captions"]}
    assert verdicts["buzz.wav"] == "supported"
    assert verdicts["hiss.wav"] != "supported"
    assert found["ears"] == ["clap"]


def test_a_matching_hears_with_it_and_leaves_nothing_behind(ear: list[str], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    for number in range(6):
        sound = buzz(number, 3) if number % 2 else hiss(number, 3) / (number + 1)
        soundfile.write(source / f"song {number}.wav", sound, RATE_HZ)
        picture(source / f"IMG_{number:04d}.png", number, size=(160, 120))
    run("build", "--source", source, "--out", out, *ear, "--set", "pairing.mode=any")
    assert json.loads((out / "manifest.json").read_text())["accepted"] >= 1
    assert not list((out / ".mmusset/cache").glob("feeling-*"))
