"""A commit upstream changes nothing for what was trained: its models are loaded as they were then.

The Hub is its client's own cache, as it stands on a disk, offline: two commits, and which is main.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmusset.musflow.recipe import CodecPart, EncoderPart, EncodersPart, MusFlowRecipe
from mmusset.musflow.revisions import remembered
from tests.support import tiny_musflow_models as tiny
from tests.support.musflow_parts import dataset, tone

OLD, NEW = "a" * 40, "b" * 40

SCRIPT = """
import sys
from pathlib import Path
from mmusset.errors import MmussetError
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, run
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.world import World

source, folder, main, *settings = sys.argv[1:]

def trained(out, *more):
    recipe = load(MusFlowRecipe, "musflow-tiny", [*settings, *more])
    run(Training(source, recipe, RunFolder(Path(out)), World(0, 1, "cpu"), Progress()))
    generator = MusicGenerator(Path(out), "cpu", lambda line: None)
    generator.compose(GenerationRequest(Path("-"), caption="Loud drums."), generator.recipe.sampler)
    return generator.encoders.caption.identity

print(trained(f"{folder}/first"))
Path(main).write_text("NEW")
print(trained(f"{folder}/first"))
print(trained(f"{folder}/second"))
print(trained(f"{folder}/third", "encoders.caption.revision=OLD"))
try:
    trained(f"{folder}/second", "encoders.caption.revision=OLD")
except MmussetError as error:
    print(error)
""".replace("NEW", NEW).replace("OLD", OLD)

SETTINGS = (
    *(
        "codec.steps=2",
        "codec.head_steps=0",
        "codec.width=8",
        "codec.depth=1",
        "codec.head_width=8",
        "codec.batch=2",
    ),
    "codec.crop_seconds=0.4",
    *("alignment.steps=2", "alignment.hidden=8", "network.width=8", "network.heads=1"),
    *("network.depth=1", "train.steps=2", "train.batch=2", "train.warmup=0", "train.log_every=2"),
    *("train.save_every=2", "train.validate_every=2", "train.listen_every=2", "sampler.steps=2"),
    "encoders.caption={kind: clap, model: user/clap}",
)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """The client's cache with a repository of two commits, the first of which is main."""
    repository = tmp_path / "home" / "hub" / "models--user--clap"
    for seed, commit in enumerate((OLD, NEW)):
        snapshot = tiny.make_clap(repository / "snapshots" / commit, seed=seed)
        (snapshot / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(OLD)
    return repository


@pytest.mark.slow
def test_what_was_trained_keeps_to_the_commit_that_it_was_trained_with(
    hub: Path, tmp_path: Path
) -> None:
    """A new training takes today's, and a recipe may name one."""
    clips = {"train_0": [tone(n, 1.0) for n in range(4)], "validation_0": [tone(5, 1.0)]}
    source = dataset(tmp_path / "dataset", **clips)
    words = [str(source), str(tmp_path), str(hub / "refs" / "main"), *SETTINGS]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        env=os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *identities, refusal = done.stdout.splitlines()
    old, new = (f"clap/user/clap@{commit[:16]}" for commit in (OLD, NEW))
    assert identities == [old, old, new, old]
    assert f"encoders.caption.revision: {NEW} -> {OLD}" in refusal.replace("'", "")
    kept = json.loads((tmp_path / "first" / "encoding.json").read_text())
    assert kept["encoders"]["caption"]["revision"] == OLD


def test_a_revision_is_remembered_of_the_same_model_alone() -> None:
    def recipe(model: str, revision: str = "") -> MusFlowRecipe:
        caption = EncoderPart(kind="clap", model=model, revision=revision)
        codec = CodecPart(kind="mel_vae", model=model, revision=revision)
        return MusFlowRecipe(codec=codec, encoders=EncodersPart(caption=caption))

    before = recipe("user/one", OLD)
    assert remembered(recipe("user/one"), before) == before
    assert remembered(recipe("user/one", NEW), before) == recipe("user/one", NEW)
    assert remembered(recipe("user/two"), before) == recipe("user/two")
