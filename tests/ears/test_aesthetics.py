"""Audiobox Aesthetics: what listeners would give a clip, by a network of random weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmusset.builder.fitness import check_quality
from mmusset.ears.aesthetics import model
from mmusset.errors import MmussetError, Unfit
from mmusset.quality import AXES, Aesthetics
from mmusset.quality import lines as quality_lines
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import QualityPart
from tests.support.command import SHORT, mmusset, python
from tests.support.media import library
from tests.support.samples import quality
from tests.support.tiny_aesthetics import SMALL, make_aesthetics

RATE_HZ = 44100


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of an encoder that is 32 wide."""
    from audiobox_aesthetics.model import aes

    for name, value in SMALL.items():
        monkeypatch.setattr(aes.DEFAULT_AUDIO_CFG, name, value)
    return make_aesthetics(tmp_path / "small", nth_layer=2)


def noise(seconds: float) -> "np.typing.NDArray[np.float32]":
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (round(seconds * RATE_HZ), 2)).astype(np.float32)


def test_a_long_clip_is_heard_in_windows_of_ten_seconds_that_count_by_their_length(
    small: Path,
) -> None:
    judge, _ = model.opened(str(small))
    sound = noise(12)
    cut = 10 * RATE_HZ
    whole, first, last = (judge(s, RATE_HZ) for s in (sound, sound[:cut], sound[cut:]))
    assert set(whole) == set(AXES)
    for axis in AXES:
        assert whole[axis] == pytest.approx((10 * first[axis] + 2 * last[axis]) / 12, abs=0.005)


def test_it_is_the_same_each_time_and_known_by_its_weights(small: Path, tmp_path: Path) -> None:
    judge, by = model.opened(str(small))
    assert judge(noise(2), RATE_HZ) == judge(noise(2), RATE_HZ)
    same = shutil.copytree(small, tmp_path / "elsewhere")
    assert model.opened(str(same))[1] == by
    other = make_aesthetics(tmp_path / "other", nth_layer=2, proj_num_layer=2)
    assert model.opened(str(other))[1] != by


def test_weights_that_are_not_whole_are_refused(small: Path) -> None:
    settings = json.loads((small / "config.json").read_text())
    (small / "config.json").write_text(json.dumps(settings | {"proj_num_layer": 3}))
    with pytest.raises(MmussetError, match="can't load audiobox-aesthetics from"):
        model.opened(str(small))


def test_what_is_too_low_by_the_recipe_is_left_out_and_says_by_how_much() -> None:
    found = quality(aesthetics=Aesthetics(by="tiny", production_quality=4.2))
    asked = QualityPart(aesthetics="tiny", least_aesthetics={"production_quality": 4})
    check_quality(found, asked)
    with pytest.raises(Unfit, match=r"low production quality: 4\.2 of 10, .*_aesthetics 5"):
        check_quality(
            found, asked.model_copy(update={"least_aesthetics": {"production_quality": 5}})
        )
    assert ("production quality", "4.2 of 10, by tiny") in quality_lines(found)


def test_a_bound_needs_a_model_and_without_one_nothing_changes() -> None:
    with pytest.raises(ValueError, match="name one in aesthetics"):
        QualityPart(least_aesthetics={"content_enjoyment": 5})
    assert json.loads(Recipe().canonical())["quality"] == {"least": 0.0}


@pytest.mark.slow
def test_without_the_package_a_build_says_what_to_install(tmp_path: Path) -> None:
    library(tmp_path / "source", 1)
    hidden = "import sys, importlib.util as u; find = u.find_spec; sys.argv[0] = 'mmusset'\n"
    hidden += (
        "u.find_spec = lambda name, *rest: None if 'audiobox' in name else find(name, *rest)\n"
    )
    hidden += "from mmusset.cli.main import main; main()"
    words = ("build", "--source", tmp_path / "source", "--out", tmp_path / "out")
    words += ("--set", f"quality.aesthetics={tmp_path}")
    done = python("-c", hidden, *words, server=None)
    assert done.returncode == 1
    assert "pip install --no-deps audiobox-aesthetics==0.0.4\n" in done.stderr


@pytest.mark.slow
def test_a_build_keeps_what_a_model_gives_each_clip(tmp_path: Path) -> None:
    library(tmp_path / "source", 1)
    weights = make_aesthetics(tmp_path / "weights")  # of the published size: 0.4 GB
    words = (*SHORT, "--set", f"quality.aesthetics={weights}")
    out = tmp_path / "out"
    done = mmusset("build", "--source", tmp_path / "source", "--out", out, *words)
    assert done.returncode == 0, done.stderr
    assert "licence cc-by-4.0" in done.stderr
    told = mmusset("explain", out, "artist 0/song 0.wav", "--json").stdout
    assert '"production_complexity": ' in told
    card = (out / "README.md").read_text()
    assert "`quality.aesthetics` has what weights finds that listeners would give" in card
    assert "| quality.aesthetics | weights | cc-by-4.0 |" in card
    assert mmusset("verify", out).returncode == 0
    (weights / "model.safetensors").unlink()
