"""Builds with a CLAP of random weights and a card that makes something of its scores."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import soundfile

from mmusset.shards.tar import read_shard
from tests.support.clap import (
    RATE_HZ,
    XYLOPHONE_FROM,
    buzz,
    buzzes_and_hisses,
    hiss,
    tiny_clap,
    toy_card,
    worth_from,
)
from tests.support.command import SHORT, mmusset, python, with_torch
from tests.support.media import picture

pytestmark = pytest.mark.slow  # transformers, for a model of an ear that few have

# `mmusset`, where the ear STEADY is listed too.
MMUSSET = """
from mmusset.__main__ import main
from mmusset.ears.listed import EARS
from tests.support.steady_ear import STEADY

EARS.add(STEADY)
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clap(tmp_path_factory.mktemp("clap") / "model")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece that buzzes and one that hisses."""
    folder = tmp_path_factory.mktemp("source")
    for number, (name, sound) in enumerate({"buzz": buzz(30, 3), "hiss": hiss(30, 3)}.items()):
        soundfile.write(folder / f"{name}.wav", sound, RATE_HZ)
        picture(folder / f"{name}.png", number)
    return folder


def build(
    source: Path, out: Path, model: Path, card: Path, *ears: str
) -> "subprocess.CompletedProcess[str]":
    """A build, in a process that has torch: what its ears live in is forked from that."""
    settings = (
        *(f"ears=[{', '.join(ears)}]", "clip.seconds=2", f"clip.rate_hz={RATE_HZ}"),
        *("limits.workers=1", f"clap.model={model}", f"clap.card={card}"),
    )
    sets = [word for each in settings for word in ("--set", each)]
    words = ("build", "--source", source, "--out", out, *sets)
    return python("-c", MMUSSET, *words, server=with_torch)


def samples_of(out: Path) -> dict[str, dict[str, Any]]:
    """The samples by whether they buzz: that ear knows."""
    found = {}
    for shard in sorted((out / "data").glob("*.tar")):
        for _, members in read_shard(shard):
            sample = json.loads(members["json"])
            steady = sample["music_evidence"]["heard"]["steady"]["steady"]["score"]
            found["buzz" if steady else "hiss"] = sample
    return found


def claims_of(sample: dict[str, Any], attribute: str = "instrument") -> list[tuple[str, str]]:
    return [
        (claim["value"], claim["tier"])
        for claim in sample["caption"]["claims"]
        if claim["attribute"] == attribute
    ]


def test_it_is_one_of_two_ears_and_the_same_build_gives_the_same_bytes(
    source: Path, model: Path, tmp_path: Path
) -> None:
    card = toy_card(
        tmp_path / "card",
        model,
        worth_from("organ", 0.001).model_copy(update={"false": 10}),  # 0.79, alone
        worth_from("xylophone", XYLOPHONE_FROM),
    )
    built = build(source, tmp_path / "out", model, card, "clap", "steady")
    assert built.returncode == 0, built.stderr
    samples = samples_of(tmp_path / "out")
    assert ("organ", "two ears") in claims_of(samples["buzz"])
    assert ("xylophone", "one ear") in claims_of(samples["buzz"])
    assert claims_of(samples["hiss"]) == [("organ", "one ear")]
    assert "sounds like" in samples["hiss"]["caption"]["text"]
    for sample in samples.values():
        assert list(sample["music_evidence"]["heard"]) == ["clap", "steady"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["ears"]["clap"]["kind"] == "similarity"
    assert manifest["ears"]["clap"]["calibrated_on"] == "nothing: it is a toy"
    assert str(model) not in json.dumps(manifest)

    assert build(source, tmp_path / "again", model, card, "clap", "steady").returncode == 0
    for shard in sorted((tmp_path / "out" / "data").glob("*.tar")):
        assert (tmp_path / "again" / "data" / shard.name).read_bytes() == shard.read_bytes()


def test_without_a_card_it_is_kept_and_nothing_of_it_is_said(
    source: Path, model: Path, tmp_path: Path
) -> None:
    built = build(source, tmp_path / "out", model, tmp_path / "no card", "clap", "steady")
    assert built.returncode == 0, built.stderr
    samples = samples_of(tmp_path / "out")
    heard = samples["buzz"]["music_evidence"]["heard"]["clap"]["xylophone"]
    assert heard["score"] > XYLOPHONE_FROM
    assert heard["probability"] == 0
    assert "xylophone" not in dict(claims_of(samples["buzz"]))


def test_a_card_of_other_weights_is_refused(source: Path, model: Path, tmp_path: Path) -> None:
    other = tiny_clap(tmp_path / "other", collapsed=True)
    refused = build(source, tmp_path / "out", model, toy_card(tmp_path / "card", other), "clap")
    assert refused.returncode == 2
    assert re.search(r"the ear clap is clap .*, and its calibration card is of", refused.stderr), (
        refused.stderr
    )


def test_a_collapsed_model_stops_the_build_and_nothing_fails(source: Path, tmp_path: Path) -> None:
    model = tiny_clap(tmp_path / "model", collapsed=True)
    stopped = build(source, tmp_path / "out", model, tmp_path / "none", "clap")
    assert stopped.returncode == 1
    assert "to its text encoder unlike texts are alike" in stopped.stderr
    status = mmusset("status", tmp_path / "out").stdout
    assert "0 failed" in status or "failed 0" in status, status


def test_it_is_calibrated_on_clips_whose_truth_is_known(model: Path, tmp_path: Path) -> None:
    clips = buzzes_and_hisses(tmp_path / "clips", 24)
    named = ("--set", f"clap.model={model}", "--set", f"clip.rate_hz={RATE_HZ}", *SHORT)
    done = mmusset("ears", "calibrate", "clap", clips, "--out", tmp_path / "card", *named)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "card" / "card.json").read_text())
    [xylophone] = [label for label in card["labels"] if label["label"] == "xylophone"]
    assert xylophone["positives"] == xylophone["negatives"] == 12, "the other half chose the score"
    assert 0.55 < xylophone["gate"] < 0.6
    assert xylophone["found"] >= 9
    assert xylophone["false"] <= 1
    assert card["right"] > card["wrong"]
    assert "xylophone" in done.stdout
    again = mmusset("ears", "calibrate", "musicnn", clips, *named)
    assert again.returncode == 2
    assert "only the ears listener and clap are calibrated by their users" in again.stderr
