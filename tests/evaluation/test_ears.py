"""The ears with a model, on tiny ones of the same architectures with random weights."""

from pathlib import Path

import numpy as np
import pytest

from mmusset.errors import UsageError
from mmusset.evaluation.ears import EARS, NotRun, OpenEar, ears_asked
from tests.support.media import RATE_HZ, sound_of
from tests.support.tiny_musflow_models import make_clap


def opened(name: str, model: str = "") -> OpenEar:
    ear = EARS.named(name)
    assert ear
    return ear.opens(model or ear.model, "cpu")


def test_ears_are_asked_for_by_name() -> None:
    assert [ear.name for ear, _ in ears_asked(())] == [ear.name for ear in EARS]
    asked = ears_asked(("ast=my/ast", "statistics"))
    assert [(ear.name, model) for ear, model in asked] == [
        ("statistics", ""),
        ("ast", "my/ast"),
    ]
    with pytest.raises(UsageError, match=r"no ear is named 'panns'\."):
        ears_asked(("panns",))


def test_each_says_whether_others_trained_it() -> None:
    assert [ear.name for ear in EARS if not ear.pretrained] == ["statistics"]


def test_what_is_not_here_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(NotRun, match="run `mmusset ears get musicnn`"):
        opened("musicnn")
    with pytest.raises(NotRun, match="fetch them with `hf download nobody/no-such-model`"):
        opened("clap", "nobody/no-such-model")


@pytest.mark.slow
def test_clap_hears_and_reads(tmp_path: Path) -> None:
    ear = opened("clap", str(make_clap(tmp_path / "clap")))
    vector, tags = ear.hear(sound_of(0, 1.0).astype(np.float32), RATE_HZ)
    assert ear.of_texts
    texts = ear.of_texts(["drums", "a flute"])
    assert vector.shape == texts[0].shape == (12,)
    assert not len(tags)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    louder, _ = ear.hear(0.1 * sound_of(0, 1.0).astype(np.float32), RATE_HZ)
    assert louder @ vector == pytest.approx(1, abs=1e-3)  # the level is the ear's own


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
def test_ast_hears_and_tags(tmp_path: Path) -> None:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_length=128,
        num_labels=5,
    )
    ASTForAudioClassification(config).save_pretrained(tmp_path / "ast")
    ASTFeatureExtractor(max_length=128).save_pretrained(tmp_path / "ast")
    ear = opened("ast", str(tmp_path / "ast"))
    vector, tags = ear.hear(sound_of(0, 1.0).astype(np.float32), RATE_HZ)
    assert (vector.shape, tags.shape) == ((16,), (5,))
    assert ((tags > 0) & (tags < 1)).all()


@pytest.mark.slow
def test_statistics_hear_what_plays() -> None:
    ear = opened("statistics")
    some, _ = ear.hear(sound_of(0, 2.0).astype(np.float32), RATE_HZ)
    others, _ = ear.hear(sound_of(3, 2.0).astype(np.float32), RATE_HZ)
    again, _ = ear.hear(sound_of(0, 2.0).astype(np.float32), RATE_HZ)
    assert (some == again).all()
    assert np.abs(some - others).max() > 0.1
