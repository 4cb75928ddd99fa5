"""manifest.json is written and read by one class."""

import json
from pathlib import Path

import pytest

from mmusset.shards.manifest import (
    MANIFEST,
    Manifest,
    known_manifest,
    parse_manifest,
    read_manifest,
)
from tests.support.manifests import manifest_of

WHERE_THERE_ARE_ANY = {"ears", "eye", "model_licences", "removed"}


def test_what_a_build_writes_comes_back_byte_for_byte(example: Path) -> None:
    assert read_manifest(example).to_bytes() == (example / MANIFEST).read_bytes()


def test_a_build_writes_every_field_and_no_other(example: Path) -> None:
    """But those of ears, other models and removals, since there were none. As plain JSON too it is
    sorted, indented by two, and ASCII."""
    text = (example / MANIFEST).read_text()
    data = json.loads(text)
    assert set(data) == set(Manifest.model_fields) - WHERE_THERE_ARE_ANY
    assert text == json.dumps(data, indent=2, sort_keys=True) + "\n"
    assert data["found"] == sum(data[f] for f in ("accepted", "rejected", "failed", "skipped"))


def test_fields_of_a_later_version_are_left_alone() -> None:
    data = json.loads(manifest_of([]).to_bytes())
    assert parse_manifest(json.dumps(data | {"new": 1}).encode()) == manifest_of([])


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": "theirs/1"}'])
def test_what_is_no_manifest_of_ours_is_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(data)
    assert parse_manifest(data) is None
    assert known_manifest(tmp_path) is None
    assert known_manifest(tmp_path / "nowhere") is None
