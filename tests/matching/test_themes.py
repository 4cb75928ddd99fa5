"""Themes by CLIP and CLAP: the machinery, with tiny models of random weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.matching import themes
from mmusset.matching.affect import Affect
from mmusset.matching.pairs import Single, match
from mmusset.recipe import Recipe
from mmusset.recipe_parts.source import PairingPart
from tests.support.command import SHORT, mmusset
from tests.support.media import picture, piece
from tests.support.tiny_musflow_models import make_clap, make_clip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return str(make_clip(folder / "clip")), str(make_clap(folder / "clap"))


def test_a_theme_is_seen_and_heard(models: tuple[str, str], tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.jpg")
    soundfile.write(tmp_path / "s.flac", np.sin(np.arange(44100) / 20), 44100)
    seen = themes.of_picture(tmp_path / "p.jpg", models[0])
    heard = themes.of_music(tmp_path / "s.flac", models[1])
    assert len(seen) == len(heard) == len(themes.THEMES)
    assert len(set(seen)) > 1
    assert all(-1 <= each <= 1 for each in (*seen, *heard))
    assert themes.of_picture(tmp_path / "p.jpg", models[0]) == seen


def test_what_stands_out_in_a_theme_goes_with_what_does_too() -> None:
    """All are of one mood; only themes tell them apart, each side on a scale of its own."""
    grey = Affect(valence=0.5, arousal=0.5)
    rng = np.random.default_rng(3)
    close = rng.random((40, 6))
    pictures = [
        Single(b"p%d" % n, grey, themes=tuple(0.2 + 0.02 * row)) for n, row in enumerate(close)
    ]
    music = [Single(b"m%d" % n, grey, themes=tuple(0.5 * row)) for n, row in enumerate(close)]
    pairs = match(pictures, music).pairs
    assert {(pair.picture[1:], pair.music[1:]) for pair in pairs} == {
        (b"%d" % n, b"%d" % n) for n in range(40)
    }


@pytest.mark.slow
def test_a_build_asks_both_models_and_says_what_they_may(
    models: tuple[str, str], tmp_path: Path
) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for number in range(6):
        piece(source / f"songs/{number}.wav", number)
        picture(source / f"photos/IMG_{number:04d}.png", number)
    clip, clap = models
    words = (
        *("--set", "pairing.mode=any", "--set", f"pairing.clip={clip}"),
        *("--set", f"pairing.clap={clap}"),
    )
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *words)
    assert done.returncode == 0, done.stderr
    assert "licence" in done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["accepted"] >= 1
    assert manifest["recipe"]["pairing"]["clip"] == "clip"
    shutil.rmtree(clap)
    gone = mmusset("build", "--source", source, "--out", out, *SHORT, *words)
    assert gone.returncode == 1
    assert "Traceback" not in gone.stderr


def test_one_model_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="name clip beside clap"):
        PairingPart(mode="any", clap="laion/larger_clap_general")
    assert not PairingPart(mode="any", clip="openai/clip-vit-base-patch32").tells_themes
    assert "pairing" not in json.loads(Recipe().canonical())
