"""Pretrained encoders, with tiny random weights of the architectures that people use."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.recipe import EncoderPart, EncodersPart
from mmusset.pretrained import embedding
from mmusset.pretrained.weights import loaded_model
from tests.support import tiny_musflow_models as tiny

MAKERS: dict[str, Callable[[Path], Path]] = {
    "clip": tiny.make_clip,
    "siglip": tiny.make_siglip,
    "clap": tiny.make_clap,
    "fused": lambda folder: tiny.make_clap(folder, fused=True),
    "t5": tiny.make_t5,
}
TEXTS = ["", "A slow waltz.", "Thunder over the hills, and drums. " * 60]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each."""
    folder = tmp_path_factory.mktemp("encoders")
    for name, make in MAKERS.items():
        make(folder / name)
    return folder


def opened(folder: Path, **kinds: str) -> Encoders:
    """Encoders by what they encode and what makes them, the rest bundled."""
    parts = {
        name: {"kind": kind.replace("fused", "clap"), "model": str(folder / kind)}
        for name, kind in kinds.items()
    }
    return open_encoders(EncodersPart.model_validate(parts))


def pictures() -> list[Image.Image]:
    random = np.random.default_rng(0)
    shapes = [(40, 60, 3), (64, 32, 3), (500, 20, 3)]
    return [Image.fromarray(random.integers(0, 256, s, dtype=np.uint8)) for s in shapes]


def sounds(samples: int) -> Tensor:
    return 0.1 * torch.randn(3, samples, generator=torch.Generator().manual_seed(0))


def same(some: Tensor, others: Tensor) -> bool:
    return torch.allclose(some, others, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "width"), [("clip", 12), ("siglip", 16)])
def test_pictures_become_unit_vectors(made: Path, kind: str, width: int) -> None:
    image = opened(made, image=kind).image
    assert image.width == width
    embedded = image(pictures())
    assert embedded.shape == (3, width)
    assert torch.allclose(embedded.norm(dim=1), torch.ones(3))
    assert not same(embedded[:1], embedded[1:2])
    assert torch.equal(embedded, image(pictures()))
    assert same(embedded[1:2], image(pictures()[1:2])), "whatever else is in the batch"


@pytest.mark.slow
def test_the_frames_of_a_video_go_through_a_model_sixteen_at_once(made: Path) -> None:
    image, many = opened(made, image="clip").image, pictures() * 12
    together = list[int]()

    def count(module: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if isinstance(module, torch.nn.Conv2d):
            together.append(len(inputs[0]))

    watching = torch.nn.modules.module.register_module_forward_pre_hook(count)
    embedded = image(many)
    watching.remove()
    assert together == [16, 16, 4]
    assert torch.equal(embedded[:16], image(many[:16]))
    assert same(embedded, image(pictures()).repeat(12, 1))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "width"), [("clip", 12), ("clap", 12), ("t5", 16)])
def test_texts_of_any_length_become_vectors(made: Path, kind: str, width: int) -> None:
    encoders = opened(made, story=kind, caption=kind)
    assert encoders.story is encoders.caption, "the same model is loaded once"
    assert encoders.story.width == width
    embedded = encoders.story(TEXTS)
    assert embedded.shape == (3, width)
    assert embedded.isfinite().all()
    assert torch.equal(embedded, encoders.story(TEXTS))
    assert not same(embedded[:1], embedded[1:2])
    for n, text in enumerate(TEXTS):
        assert same(embedded[n : n + 1], encoders.story([text])), "padding counts for nothing"
    if kind != "t5":
        assert torch.allclose(embedded.norm(dim=1), torch.ones(3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clap", "fused"])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.5])
def test_sounds_shorter_or_longer_than_clap_hears_become_unit_vectors(
    made: Path, kind: str, seconds: float
) -> None:
    """Always the same: the extractor would draw generator_at over long sounds, and for fused models
    over short ones too."""
    audio = opened(made, audio=kind).audio
    assert (audio.rate_hz, audio.width) == (48000, 12)
    sound = sounds(round(seconds * audio.rate_hz))
    embedded = audio(sound)
    assert embedded.shape == (3, 12)
    assert torch.allclose(embedded.norm(dim=1), torch.ones(3))
    for _ in range(3):
        assert torch.equal(embedded, audio(sound))
    assert same(embedded[1:2], audio(sound[1:2])), "whatever else is in the batch"


@pytest.mark.slow
def test_long_sounds_are_heard_in_their_middle(made: Path) -> None:
    audio = opened(made, audio="clap").audio
    sound = sounds(2 * audio.rate_hz)
    quarter = audio.rate_hz // 2
    assert torch.equal(audio(sound), audio(sound[:, quarter:-quarter]))


@pytest.mark.slow
def test_a_clap_is_one_model_for_texts_and_sounds(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is loaded once; alone, each half says what it says there."""
    loaded = list[str]()

    def counting(kind: object, what: str, *args: object) -> object:
        loaded.append(what)
        return loaded_model(kind, what, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(embedding, "loaded_model", counting)
    encoders = opened(made, image="clip", story="t5", caption="clap", audio="clap")
    assert sorted(loaded) == ["clap", "clip", "t5"]
    alone = opened(made, caption="clap"), opened(made, audio="clap")
    assert torch.equal(encoders.caption(TEXTS), alone[0].caption(TEXTS))
    assert torch.equal(encoders.audio(sounds(9000)), alone[1].audio(sounds(9000)))
    assert encoders.widths() == {"image": 12, "story": 16, "caption": 12, "audio": 12}
    told = encoders.identities()
    assert told["caption"] == told["audio"]
    assert len(set(told.values())) == 3


@pytest.mark.slow
def test_identity_changes_with_weights_and_with_what_prepares_the_input(
    made: Path, tmp_path: Path
) -> None:
    first = opened(made, image="clip").identities()
    assert first == opened(made, image="clip").identities()
    tiny.make_clip(tmp_path / "clip", seed=1)
    assert first["image"] != opened(tmp_path, image="clip").identities()["image"]
    shutil.rmtree(tmp_path / "clip")
    changed = shutil.copytree(made / "clip", tmp_path / "clip")
    assert first == opened(tmp_path, image="clip").identities()
    settings = changed / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace("0.48145466", "0.5"))
    assert first["image"] != opened(tmp_path, image="clip").identities()["image"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "kind", "folder"),
    [
        ("image", "clip", "siglip"),
        ("image", "siglip", "clip"),
        ("image", "clip", "t5"),
        ("story", "t5", "clap"),
        ("caption", "clap", "t5"),
        ("audio", "clap", "clip"),
    ],
)
def test_weights_of_another_kind_are_refused(made: Path, what: str, kind: str, folder: str) -> None:
    """Libraries would load them all, random where nothing fits."""
    part = EncoderPart.model_validate({"kind": kind, "model": str(made / folder)})
    with pytest.raises(MmussetError, match=rf"can't load {kind} from .*{folder}: ") as caught:
        open_encoders(EncodersPart.model_validate({what: part}))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_models_that_are_not_there_are_named_in_one_line(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="an encoder of kind clip needs a model"):
        open_encoders(EncodersPart(image=EncoderPart(kind="clip")))
    with pytest.raises(MmussetError, match="is no folder here, and the Hub"):
        opened(tmp_path / "nothing", image="clip")
    with pytest.raises(MmussetError, match=r"no config\.json in the folder"):
        (tmp_path / "t5").mkdir()
        opened(tmp_path, story="t5")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clip", "clap", "t5"])
def test_a_model_without_its_tokenizer_is_refused(made: Path, tmp_path: Path, kind: str) -> None:
    """Of all texts it would make the same."""
    shutil.copytree(made / kind, tmp_path / kind)
    for file in (tmp_path / kind).glob("*tokenizer*"):
        file.unlink()
    with pytest.raises(MmussetError, match="its tokenizer knows no words"):
        opened(tmp_path, story=kind)
    if kind == "clap":
        assert opened(tmp_path, audio=kind).audio.width == 12, "sound needs none"


@pytest.mark.slow
def test_a_model_without_what_prepares_its_input_is_refused(made: Path, tmp_path: Path) -> None:
    for what, kind in (("image", "clip"), ("audio", "clap")):
        shutil.copytree(made / kind, tmp_path / kind)
        (tmp_path / kind / "preprocessor_config.json").unlink()
        with pytest.raises(MmussetError, match=f"can't load {kind} from") as caught:
            opened(tmp_path, **{what: kind})
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_text_tower_to_which_unlike_texts_are_alike_is_refused(tmp_path: Path) -> None:
    """As that of `laion/larger_clap_music` is; its sound tower is of use all the same."""
    tiny.make_clap(tmp_path / "clap", collapsed=True)
    with pytest.raises(MmussetError, match=r"can't use clap .* unlike texts are alike .*0\.99"):
        opened(tmp_path, caption="clap")
    assert opened(tmp_path, audio="clap").audio.width == 12
