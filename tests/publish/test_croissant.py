"""croissant.json, read by mlcroissant, which the format's own people keep."""

import json
from pathlib import Path

import pytest

from mmusset.files import file_sha256
from mmusset.publish.card import write_card
from mmusset.publish.croissant import MEMBERS
from mmusset.publish.licence import Licence
from mmusset.shards.tar import read_shard
from tests.support.datasets_made import write_dataset
from tests.support.samples import filmed, sample

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shards = {
        "data/train-000000.tar": [sample(1), sample(2)],
        "data/train-000001.tar": [filmed(sample(3))],
        "data/test-000000.tar": [sample(4, "test")],
    }
    out = write_dataset(tmp_path_factory.mktemp("croissant") / "made", shards)
    write_card(out, Licence("cc-by-4.0"), 'Songs "of" <the> sea')
    return out


def test_mlcroissant_takes_it_and_reads_every_member(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Read when it is imported. What it unpacks it knows by the shard's name alone, so that it
    # would give us samples of another dataset that was read here before.
    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path))
    import mlcroissant

    dataset = mlcroissant.Dataset(str(made / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    (warning,) = issues.warnings  # bytes of a dataset tell no date
    assert "datePublished" in warning
    expected = {
        key: members
        for shard in sorted((made / "data").glob("*.tar"))
        for key, members in read_shard(shard)
    }
    for member, (name, *_) in MEMBERS.items():
        read = {
            row[f"{name}/key"].decode(): row[f"{name}/content"] for row in dataset.records(name)
        }
        assert read.keys() == expected.keys()
        if member != "image.jpg":  # which it decodes
            assert read == {key: members[member] for key, members in expected.items()}
    assert [row["frames/key"] for row in dataset.records("frames")] == [b"k00003"]


def test_it_names_the_shards_and_the_licence(made: Path) -> None:
    facts = json.loads((made / "croissant.json").read_text())
    shards = {f["contentUrl"]: f["sha256"] for f in facts["distribution"] if "sha256" in f}
    assert shards == {
        f"data/{path.name}": file_sha256(path) for path in (made / "data").glob("*.tar")
    }
    assert (facts["name"], facts["license"]) == ('Songs "of" <the> sea', "cc-by-4.0")


def test_without_a_decision_it_names_no_licence(tmp_path: Path) -> None:
    write_card(write_dataset(tmp_path, {"data/train-000000.tar": [sample(1)]}))
    facts = json.loads((tmp_path / "croissant.json").read_text())
    assert "license" not in facts
    assert len(facts["recordSet"]) == len(MEMBERS), "and no videos"
