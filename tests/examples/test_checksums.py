"""The shards of the example source come out as they are written down, byte for byte.

A library that encodes or decodes media may change their bytes; so they are compared with those
that the same versions gave. Who changes what a build writes, on purpose, writes down anew:

    python -m tests.examples.test_checksums
"""

import json
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from mmusset.files import file_sha256
from tests.support.command import mmusset
from tests.support.processors import OLD_PROCESSOR

SOURCE = Path(__file__).parents[2] / "examples" / "source"
WRITTEN_DOWN = Path(__file__).with_name("checksums.json")
DECIDE_BYTES = ("av", "numpy", "pillow", "soundfile", "soxr", "tinytag")


def versions() -> dict[str, str]:
    """Of the libraries that bear on the bytes of a shard."""
    return {name: version(name) for name in DECIDE_BYTES}


def build(out: Path, variables: Mapping[str, str] | None = None) -> Path:
    """A dataset of the example source; each time another `hash()`."""
    command = ("build", "--source", SOURCE, "--out", out)
    done = mmusset(*command, variables=variables, cold=True)
    assert done.returncode == 0, done.stderr
    return out


def checksums(out: Path) -> dict[str, str]:
    """The sha256 of each shard."""
    return {path.name: file_sha256(path) for path in sorted((out / "data").glob("*.tar"))}


def test_the_shards_are_as_written_down(out: Path) -> None:
    expected = json.loads(WRITTEN_DOWN.read_text())
    if versions() != expected["versions"]:
        pytest.skip(f"written down with {expected['versions']}")
    assert checksums(out) == expected["shards"]


@pytest.mark.slow
def test_another_processor_makes_the_same_shards(out: Path, tmp_path: Path) -> None:
    assert checksums(build(tmp_path / "built", OLD_PROCESSOR)) == checksums(out)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        facts = {"versions": versions(), "shards": checksums(build(Path(folder) / "built"))}
    WRITTEN_DOWN.write_text(json.dumps(facts, indent=2) + "\n")
