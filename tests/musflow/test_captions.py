"""A clip is trained with one of its captions, drawn anew at each step; shards that have but one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmusset.errors import Refused, UsageError
from mmusset.files import write_bytes_durably
from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.data.captions import with_drawn_captions
from mmusset.musflow.data.encode import encode_shards, finish_cache, latent_spec
from mmusset.musflow.recipe import CAPTIONS, MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, check_folder
from mmusset.progress import Progress
from mmusset.quality import sentence
from mmusset.recipe_file import load
from mmusset.sample_parts.texts import Captions
from mmusset.shards.tar import Sample
from mmusset.training.world import World
from tests.support.command import mmusset
from tests.support.musflow_parts import Blocks, dataset, encoders, remake, tone
from tests.support.samples import quality

TRAIN = "data/train-000000.tar"
CAPTION = "A quiet waltz in A minor at 84 BPM, with a violin."
OTHERS = Captions(
    short="A quiet waltz.",
    tags="waltz, quiet, violin, 84 BPM, A minor",
    plain_numbers="A waltz with a violin, quiet throughout. 84 BPM, A minor.",
    no_numbers="A waltz with a violin, quiet throughout.",
)
CLIPPED = quality(score=0.4, worst="clipping", clipped_share=0.02)
TELLINGS = [CAPTION, *OTHERS.model_dump().values(), f"{CAPTION} The sound is clipped."]


def told(number: int, seconds: float = 0.5) -> Sample:
    """A sample whose captions all differ."""
    made = tone(number, seconds)
    caption = made.quadruple.caption.model_copy(update={"text": CAPTION})
    changed = {"caption": caption, "captions": OTHERS, "quality": CLIPPED}
    return replace(made, quadruple=made.quadruple.model_copy(update=changed))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    samples = [told(n) for n in range(6)]
    return dataset(tmp_path / "out", train_0=samples[:4], validation_0=samples[4:])


def encode(out: Path, folder: Path, captions: tuple[str, ...] = CAPTIONS) -> Cache:
    """The train split, encoded with these captions."""
    by = (Blocks(), encoders())
    encode_shards(str(out), folder, *by, lambda *_: None, captions=captions)
    finish_cache(str(out), folder, *by, captions=captions)
    return Cache(folder, "train", latent_spec(*by, captions))


def without_captions(tar: Path) -> None:
    """As shards were before there were any, and as those of other tools are."""

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith(".json"):
            return data
        facts = json.loads(data)
        del facts["captions"], facts["quality"]
        return json.dumps(facts).encode()

    remake(tar, change)


def test_the_recipe_knows_every_caption_of_a_sample() -> None:
    assert ("caption", *Captions.model_fields, "with_quality") == CAPTIONS


def test_how_well_a_sound_is_kept_is_a_sentence_after_its_caption() -> None:
    assert sentence(CLIPPED) == "The sound is clipped."
    assert sentence(quality(score=0.95, worst="hum")) == "The sound is clean."
    assert sentence(quality()) == "The sound is clean."


def test_captions_are_the_same_however_they_are_listed() -> None:
    recipe = load(MusFlowRecipe, "musflow-tiny", ["data.captions=[tags, caption, tags]"])
    assert recipe.data.captions == ("caption", "tags")
    with pytest.raises(UsageError, match="caption must be among them: validation goes by it"):
        load(MusFlowRecipe, "musflow-tiny", ["data.captions=[tags]"])
    with pytest.raises(UsageError, match=r"data\.captions"):
        load(MusFlowRecipe, "musflow-tiny", ["data.captions=[caption, long]"])


def test_every_caption_is_encoded(out: Path, tmp_path: Path) -> None:
    """Who draws none has the caption itself."""
    texts = encoders().caption(TELLINGS)
    cache = encode(out, tmp_path / "cache")
    batch = cache.batch(0, torch.arange(4))
    assert all(torch.equal(captions, texts) for captions in batch.captions)
    assert all(torch.equal(caption, texts[0]) for caption in batch.embeddings["caption"])


def test_the_scale_is_that_of_all_captions(out: Path, tmp_path: Path) -> None:
    cache = encode(out, tmp_path / "cache")
    texts = encoders().caption(TELLINGS).double()
    start = cache.manifest.spec.widths["image"] + cache.manifest.spec.widths["story"]
    mean = torch.tensor(cache.manifest.embedding_mean[start : start + texts.shape[1]]).double()
    torch.testing.assert_close(mean, texts.mean(dim=0))
    spread = (texts - texts.mean(dim=0)).square().mean().sqrt()
    assert cache.manifest.embedding_scale["caption"] == pytest.approx(float(spread))


def batch_of(clips: int) -> LatentBatch:
    """Clips whose captions are numbered from 1."""
    numbers = torch.arange(1.0, 6.0).expand(clips, 5)[..., None].clone()
    return LatentBatch(
        keys=tuple(f"k{n}" for n in range(clips)),
        mean=torch.empty(0),
        std=None,
        embeddings={"caption": numbers[:, 0], "story": torch.ones(clips, 1)},
        captions=numbers,
        present=torch.ones(clips, 3, dtype=torch.bool),
        kin=torch.arange(2 * clips).unflatten(0, (clips, 2)),
        beat=torch.zeros(clips, 3),
    )


def drawn(seed: int, step: int, clips: int = 400) -> list[float]:
    batch = with_drawn_captions(batch_of(clips), seed, step)
    assert torch.equal(batch.embeddings["story"], torch.ones(clips, 1)) and batch.present.all()
    return batch.embeddings["caption"].flatten().tolist()


def test_all_captions_are_drawn_alike() -> None:
    counts = [drawn(0, 1).count(number) for number in range(1, 6)]
    assert sum(counts) == 400 and min(counts) > 50


def test_the_draw_is_a_function_of_seed_and_step() -> None:
    """So a training that goes on is the same training, in however many processes."""
    assert drawn(3, 5) == drawn(3, 5)
    assert drawn(3, 5) != drawn(3, 6)
    assert drawn(3, 5) != drawn(4, 5)


def test_a_caption_that_says_nothing_is_absent_where_it_is_drawn() -> None:
    batch = batch_of(200)
    batch.captions[:, 1] = 0
    absent = with_drawn_captions(batch, 0, 1).present
    assert absent[:, :2].all() and 0 < (~absent[:, 2]).sum() < 200
    assert batch.present.all(), "the batch itself stays as it is"


def test_one_caption_is_not_drawn() -> None:
    batch = replace(batch_of(3), captions=torch.ones(3, 1, 1))
    assert with_drawn_captions(batch, 0, 1) is batch


def test_a_cache_of_other_captions_is_refused_and_made_anew(out: Path, tmp_path: Path) -> None:
    encode(out, tmp_path / "cache", ("caption",))
    with pytest.raises(Refused, match="they differ in captions; run `mmusset encode`"):
        Cache(tmp_path / "cache", "train", latent_spec(Blocks(), encoders(), CAPTIONS))
    assert encode(out, tmp_path / "cache").batch(0, torch.arange(2)).captions.shape[1] == len(
        CAPTIONS
    )


def test_where_captions_are_missing_the_caption_stands_in(out: Path, tmp_path: Path) -> None:
    without_captions(out / TRAIN)
    cache = encode(out, tmp_path / "cache")
    batch = cache.batch(0, torch.arange(4))
    assert torch.equal(batch.captions, batch.captions[:, :1].expand(-1, len(CAPTIONS), -1))
    assert batch.captions.any()
    assert cache.manifest.stood_in == 4
    assert encode(out, tmp_path / "cache").manifest.stood_in == 4, "and so where rows are reused"
    assert encode(out, tmp_path / "one", ("caption",)).manifest.stood_in == 0, "none is missed"


@pytest.mark.parametrize("facts", [b"", b"no JSON", b"[1]", b'{"captions": [{}]}', b"[" * 9999])
def test_json_of_any_kind_leaves_the_caption(facts: bytes, out: Path, tmp_path: Path) -> None:
    remake(out / TRAIN, lambda name, data: facts if name.endswith(".json") else data)
    assert encode(out, tmp_path / "cache").manifest.stood_in == 4


def test_that_captions_are_missing_is_said(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[told(n, seconds=1.0) for n in range(6)])
    without_captions(out / TRAIN)
    codec = ["steps=2", "head_steps=0", "width=8", "depth=1", "head_width=8", "batch=2"]
    codec += ["crop_seconds=0.4", "channels=4"]
    words = [word for each in codec for word in ("--set", f"codec.{each}")]
    words += ["--set", "data.captions=[caption, short, tags]"]
    made = mmusset("encode", out, "--out", tmp_path / "run", *words)
    assert made.returncode == 0, made.stderr
    said = "captions: 6 of 6 clips have not all of short, tags in their JSON"
    assert said in made.stderr


def test_a_folder_of_other_captions_is_refused(tmp_path: Path) -> None:
    """One of before there were several counts as one of the caption alone."""
    recipe, folder = MusFlowRecipe(), RunFolder(tmp_path / "run")
    before = json.loads(recipe.encoding())
    del before["data"]
    folder.path.mkdir()
    write_bytes_durably(folder.encoding, json.dumps(before).encode(), "encoding")
    world = World(0, 1, "cpu")
    check_folder(Training("music", recipe, folder, world, Progress()))
    other = load(MusFlowRecipe, "musflow-tiny", ["data.captions=[caption, tags]"])
    with pytest.raises(Refused, match=r"data\.captions: \['caption'\] -> \['caption', 'tags'\]"):
        check_folder(Training("music", other, folder, world, Progress()))
