"""A trained model goes to the Hub, and is used from there: to make music, and to train on."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from safetensors import safe_open

from mmusset.errors import MmussetError, Refused
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.model_folder.trained import model_folder
from mmusset.musflow.publishing.card import write_model_card
from mmusset.musflow.publishing.pack import packed
from mmusset.musflow.publishing.publication import publication_of
from mmusset.publish.licence import Licence
from mmusset.shards.manifest import read_manifest
from tests.support.hub_repos import Hub
from tests.support.hub_writing import hub
from tests.support.musflow_trained import Trained
from tests.support.pushing import on_hub

NAME = "user/name"


@pytest.fixture
def at() -> Iterator[Hub]:
    with hub() as made:
        yield made


@pytest.fixture
def run(trained: Trained, tmp_path: Path) -> Path:
    """A training, without its cache: all that is published lies elsewhere."""
    left_out = shutil.ignore_patterns("cache", "heard", "tensorboard")
    return Path(shutil.copytree(trained.run, tmp_path / "run", ignore=left_out))


def train(trained: Trained, name: str, out: Path) -> tuple[str | Path, ...]:
    return ("train", trained.dataset, "--from", name, "--out", out)


@pytest.mark.slow
def test_it_goes_to_the_hub_and_makes_the_same_music_there(
    trained: Trained, run: Path, at: Hub, tmp_path: Path
) -> None:
    """The commands of the guide: a licence, the plan, the push; music, and a training that begins
    with it, which says so."""
    out, more = tmp_path / "made.flac", tmp_path / "more"
    caption = ("--caption", "A fast, loud piece with drums.", "--steps", "2")
    done = on_hub(
        at,
        ("push", run, NAME, "--yes"),
        ("card", run, "--license", "cc-by-4.0"),
        ("push", run, NAME, "--dry-run"),
        ("push", run, NAME, "--yes"),
        ("push", run, NAME, "--yes"),
        ("generate", NAME, *caption, "--out", out),
        ("generate", run, *caption, "--out", tmp_path / "here.flac"),
        (*train(trained, NAME, more), "--set", "train.steps=10"),
        ("train", trained.dataset, "--out", more, "--set", "train.steps=10"),
    )
    refused, card, plan, pushed, again, made, here, begun, other = done
    assert refused.code == 1
    assert f"run `mmusset card {run} --license cc-by-4.0`" in refused.err
    assert (card.code, card.out) == (0, f"{run / 'model' / 'README.md'}\n"), card.err
    assert "public: everyone will see it" in plan.out
    assert "model     musflow-tiny" in plan.out
    assert "trained   on dataset, 8 clips" in plan.out
    assert pushed.code == 0, pushed.err
    assert "all of it was there already" in again.out
    names = {"README.md", "manifest.json", "model.safetensors"}
    assert set(at.files()) == names | {"codec/codec.json", "codec/codec.safetensors"}
    assert str(tmp_path).encode() not in b"".join(at.files().values())
    assert (made.code, here.code) == (0, 0), made.err + here.err
    commit = at.repos[NAME].branches["main"]
    assert MusicGenerator(run, "cpu", print).source == ""
    sounds = [path.read_bytes() for path in (out, tmp_path / "here.flac")]
    assert f'"from": "{NAME}@{commit}"'.encode() in sounds[0]
    assert sounds[0][-4000:] == sounds[1][-4000:], "the same music"
    assert begun.code == 0, begun.err
    assert "trained 10 steps" in begun.out
    assert (more / "begun_from.txt").read_text() == f"{NAME}@{commit}"
    assert packed(more).manifest.begun_from == f"{NAME}@{commit}"
    assert "alignment" not in begun.err, "what is aligned already is not aligned anew"
    assert (other.code, f"say --from {NAME}@{commit}" in other.err) == (1, True), other.err


def test_what_the_folder_holds(trained: Trained, run: Path) -> None:
    """No pickle, and enough to open it anywhere: as the training itself, it is the same model."""
    model = packed(run)
    assert sorted(path.suffix for path in model.path.rglob("*.*")) == [
        ".json",
        ".json",
        ".safetensors",
        ".safetensors",
    ]
    with safe_open(model.file, "pt") as weights:
        assert "network.proj_in.weight" in weights.keys()  # noqa: SIM118
    elsewhere = shutil.copytree(model.path, run.parent / "elsewhere")
    shutil.rmtree(run)
    asked = GenerationRequest(run.parent / "a.flac", caption="A calm piece.", seed=3)
    one, other = (MusicGenerator(each, "cpu", print) for each in (trained.run, elsewhere))
    part = one.recipe.sampler
    assert (one.compose(asked, part) == other.compose(asked, part)).all()
    with pytest.raises(MmussetError, match="no whole cache"):
        other.training_clips()


def test_its_card_says_what_it_is(trained: Trained, run: Path) -> None:
    model = packed(run)
    evaluation = run.parent / "run-evaluation"
    evaluation.mkdir()
    record = {
        "checkpoint_sha256": model.manifest.checkpoint_sha256,
        "clips": 9,
        "pieces": 3,
        "settings": {"split": "test"},
    }
    (evaluation / "record.json").write_text(json.dumps({"record": record}))
    (evaluation / "table.md").write_text("| row | KAD |\n|---|---|\n| caption | 1.5 |\n")
    text = write_model_card(model, Licence("cc-by-4.0"), evaluation=evaluation).read_text()
    front = yaml.safe_load(text.split("---")[1])
    assert (front["license"], front["pipeline_tag"]) == ("cc-by-4.0", "text-to-audio")
    for said in (
        "trained on clips of 1.92 s for 8 steps",
        "**Licence**: cc-by-4.0.",
        "`dataset`: 8 clips to train on",
        "Samples by the licence of their music: unknown 12.",
        "codec and encoders are mmusset's own",
        "on the test split, 9 clips of 3 pieces",
        "| caption | 1.5 |",
    ):
        assert said in text, said
    own = text.replace("<!-- mmusset: end -->", "<!-- mmusset: end -->\nMy words.")
    (model.path / "README.md").write_text(own)
    again = write_model_card(model).read_text()
    assert "My words." in again
    assert "license: cc-by-4.0" in again
    assert "Nobody has measured it" in again
    record["checkpoint_sha256"] = "0" * 64
    (evaluation / "record.json").write_text(json.dumps({"record": record}))
    with pytest.raises(Refused, match="of another checkpoint"):
        write_model_card(model, evaluation=evaluation)


@pytest.mark.slow
def test_what_licences_forbid_is_not_published(run: Path, at: Hub) -> None:
    facts = json.loads((run / "trained_on.json").read_text())
    facts["licences"] = {"cc-by-nc-4.0": 3, "cc0-1.0": 9}
    (run / "trained_on.json").write_text(json.dumps(facts))
    _, refused, other, private = on_hub(
        at,
        ("card", run, "--license", "cc-by-4.0"),
        ("push", run, NAME, "--yes"),
        ("push", run, NAME, "--dry-run", "--json"),
        ("push", run, NAME, "--yes", "--private"),
    )
    for done in (refused, other):
        assert done.code == 1
        assert "3 clips are cc-by-nc-4.0, which forbids commercial use" in done.err
    assert private.code == 0, private.err


def test_a_training_that_forgot_its_data_is_not_packed(run: Path) -> None:
    (run / "trained_on.json").unlink()
    with pytest.raises(Refused, match="does not know what it was trained on"):
        packed(run)


@pytest.mark.slow
def test_what_is_on_the_hub_is_checked(run: Path, at: Hub, tmp_path: Path) -> None:
    """Other bytes than the manifest lists, and what is no model at all."""

    def generate(name: str) -> tuple[str | Path, ...]:
        return ("generate", name, "--caption", "A calm piece.", "--out", tmp_path / "a.flac")

    on_hub(at, ("card", run, "--license", "cc-by-4.0"), ("push", run, NAME, "--yes"))
    at.somebody(**{"model.safetensors": at.files()["model.safetensors"][:-1] + b"x"})
    at.make("music", **{"manifest.json": b"{}"})
    spoilt, none, absent = on_hub(
        at, generate(NAME), generate("user/music"), generate("user/nothing")
    )
    assert "model.safetensors of user/name at" in spoilt.err
    assert "is not the one that its manifest.json lists" in spoilt.err
    assert "is no model that `mmusset push` put there" in none.err
    assert "the Hub does not have it or can't be reached" in absent.err
    assert [done.code for done in (spoilt, none, absent)] == [1, 1, 1]


def test_a_folder_of_that_name_wins(run: Path, at: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    model = packed(run)
    shutil.copytree(model.path, run.parent / "user" / "name")
    monkeypatch.chdir(run.parent)
    found = model_folder(NAME)
    assert found and found.source == NAME
    assert at.asked == []


@pytest.mark.slow
def test_weights_are_for_their_network(trained: Trained, run: Path, at: Hub) -> None:
    packed(run)
    (done,) = on_hub(
        at,
        (*train(trained, str(run), run.parent / "more"), "--set", "network.width=128"),
    )
    assert (done.code, "are for its own network" in done.err) == (2, True), done.err


def test_a_changed_file_is_not_published(run: Path) -> None:
    model = packed(run)
    (model.path / "codec" / "codec.json").write_text("{}")
    with pytest.raises(MmussetError, match=r"is not the file that its manifest\.json lists"):
        publication_of(model)


def test_another_checkpoint_is_packed_anew(trained: Trained, run: Path) -> None:
    before = packed(run).manifest
    assert packed(run).manifest == before
    (run / "checkpoints" / "step-00000008.pt").unlink()
    assert (before.step, packed(run).manifest.step) == (8, 4)


def test_datasets_are_told_apart(trained: Trained, at: Hub) -> None:
    """By what they hold: a dataset's folder is published as one."""
    assert read_manifest(trained.dataset).format == "mmusset/1"
    words = ("push", trained.dataset, NAME, "--yes", "--dry-run", "--json")
    _, plan = on_hub(at, ("card", trained.dataset, "--license", "cc0-1.0"), words)
    assert json.loads(plan.out)["kind"] == "dataset"
