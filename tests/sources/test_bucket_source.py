"""A bucket as a source: the dataset of the same files in a folder, byte for byte."""

import json
from pathlib import Path

import pytest

from mmusset.stores.cloud import CloudStore
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import library, piece
from tests.support.s3 import BUCKET, s3

# It takes seconds to import botocore.
pytestmark = pytest.mark.slow


def put(folder: Path, url: str) -> None:
    store = CloudStore(url)
    for path in folder.rglob("*"):
        if path.is_file():
            store.put_file(path.relative_to(folder).as_posix(), path)


def test_a_bucket_gives_the_bytes_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = library(tmp_path / "music", 3)
    odd = folder / "Café & Söhne" / "100% #1 [live] + a.wav"
    piece(odd, 9)
    odd.with_suffix(".png").write_bytes((folder / "artist 0" / "song 0.png").read_bytes())
    (folder / "notes.xyz").write_text("nothing")
    alone = mmusset("build", "--source", folder, "--out", tmp_path / "alone", *SHORT)
    assert alone.returncode == 0, alone.stderr
    with s3() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        url = f"s3://{BUCKET}/my/music"
        put(folder, url)
        nothing = mmusset("scan", f"s3://{BUCKET}/other", variables=variables)
        assert (nothing.returncode, "there is nothing in" in nothing.stderr) == (2, True)
        words = ("build", "--source", url, "--out", tmp_path / "out", *SHORT)
        done = mmusset(*words, variables=variables)
        assert done.returncode == 0, done.stderr
        assert mmusset(*words, variables=variables).stdout.startswith("nothing to do")
        assert tree(tmp_path / "out") == tree(tmp_path / "alone")
        status = json.loads(mmusset("status", tmp_path / "out", "--json").stdout)
        assert [path for path, *_ in status["skipped"]] == ["notes.xyz"]
        table = tmp_path / "tables" / "metadata.csv"
        table.parent.mkdir()
        table.write_text("file_name,image\nartist 0/song 0.wav,artist 0/song 0.png\n")
        put(table.parent, url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        tabled = mmusset(
            *("build", "--source", url, "--out", tmp_path / "tabled", *SHORT),
            variables=variables | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        )
        assert tabled.returncode == 0, tabled.stderr
        CloudStore(url).delete("artist 0/song 1.wav")
        gone = mmusset(*words, "--replay", "--check", variables=variables)
        assert gone.returncode == 1
        assert "artist 0/song 1.wav or its picture has changed" in gone.stderr
