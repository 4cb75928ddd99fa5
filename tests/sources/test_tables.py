"""Tables as a source: their rows in every form, and which file a row is about."""

import asyncio
import csv
import json
from pathlib import Path

import pytest

from mmusset.errors import UsageError
from mmusset.recipe_parts.source import Role
from mmusset.sample_parts.piece import Stretch
from mmusset.sources.choose import source_of
from mmusset.sources.columns import roles_of
from mmusset.sources.folder import FolderSource
from mmusset.sources.source import Entry
from mmusset.sources.table import read_rows
from mmusset.sources.tabled import TableSource

FMA = """,album,track,track
,title,title,genre_top
track_id,,,
2,Rain,Roof,Rock
"""


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def files(folder: Path, *names: str) -> None:
    for name in names:
        written(folder, name, b"x")


def listed(source: object) -> dict[str, Entry]:
    assert isinstance(source, TableSource)
    return {entry.path.decode(): entry for entry in source.entries()}


def skipped(source: object) -> dict[str, str]:
    return {name: entry.skip for name, entry in listed(source).items() if entry.skip}


def sidecar_of(source: TableSource, entry: Entry) -> dict[str, object]:
    async def read() -> bytes:
        async with source.open(entry.row.sidecar) as file:
            return file.read_bytes()

    facts: dict[str, object] = json.loads(asyncio.run(read()))
    return facts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'file,caption\nx.wav,"A calm, slow piece"\n'),
        ("a.csv", "\ufefffile;caption\r\nx.wav;A calm, slow piece\r\n"),
        ("a.tsv", "file\tcaption\nx.wav\tA calm, slow piece\n"),
        ("a.jsonl", '{"file": "x.wav", "caption": "A calm, slow piece"}\n\n'),
        ("a.json", '{"samples": [{"file": "x.wav", "caption": "A calm, slow piece"}]}'),
        ("a.json", '[{"file": "x.wav", "caption": "A calm, slow piece"}]'),
    ],
)
def test_the_rows_of_a_table_in_every_form(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path, name, text)
    assert read_rows(path) == [{"file": "x.wav", "caption": "A calm, slow piece"}]


def test_parquet_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    column = [{"bytes": b"RIFF", "path": "x.flac"}, {"bytes": b"", "path": None}]
    table = pa.table({"caption": ["one", None], "audio": column, "n": [1, 2]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    assert read_rows(tmp_path / "a.parquet") == [
        {"caption": "one", "n": 1, "audio": {"group": 0, "row": 0, "path": "x.flac"}},
        {"caption": None, "n": 2, "audio": {"group": 1, "row": 0, "path": ""}},
    ]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.json", '{"a": 1}', "holds no list of rows"),
        ("a.csv", b"\xff\xd8\xff\xe0\x00\x10", "is no text"),
        ("a.parquet", b"PAR1 and more", "damaged, or no Parquet file"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, text: str | bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_rows(written(tmp_path, name, text))


def test_a_row_that_cannot_be_read_is_one_row(tmp_path: Path) -> None:
    huge = "x" * (csv.field_size_limit() + 1)
    assert read_rows(written(tmp_path, "a.csv", f"file\na.wav\n{huge}\nb.wav\n")) == [
        {"file": "a.wav"},
        None,
        {"file": "b.wav"},
    ]
    assert read_rows(written(tmp_path, "a.jsonl", '{"file": "a.wav"}\n{"file\n7\n')) == [
        {"file": "a.wav"},
        None,
        None,
    ]


def test_fma_s_tables_have_three_lines_of_names(tmp_path: Path) -> None:
    files(tmp_path, "fma_small/000/000002.mp3")
    source = source_of(written(tmp_path, "tracks.csv", FMA))
    entry = listed(source)["fma_small/000/000002.mp3"]
    assert isinstance(source, TableSource)
    assert sidecar_of(source, entry) == {"title": "Roof", "genre": "Rock", "album": "Rain"}


def test_columns_are_known_by_their_usual_names_or_by_the_recipe() -> None:
    columns = ["File Name", "Caption", "notes", "BPM", "start-s"]
    assert roles_of(columns, {}) == {
        "music": ("File Name",),
        "caption": ("Caption",),
        "bpm": ("BPM",),
        "start_s": ("start-s",),
    }
    mapped: dict[Role, str] = {"story": "notes", "caption": "notes"}
    assert roles_of(columns, mapped)["story"] == ("notes",)
    assert roles_of(columns, mapped)["caption"] == ("notes",)
    with pytest.raises(UsageError, match=r"source.columns.story: .*'note'; did you mean notes"):
        roles_of(columns, {"story": "note"})


def test_what_a_row_says_of_its_file(tmp_path: Path) -> None:
    files(tmp_path, "audio/x.wav", "art/x.png")
    row = {"audio": {"path": "audio\\x.wav"}, "caption": ["A slow waltz.", "Another."], "bpm": 90}
    row |= {"image": "./art/x.png", "story": "A boat.", "genres": ["Rock", "Folk"], "mood": None}
    source = source_of(written(tmp_path, "a.jsonl", json.dumps(row)))
    entry = listed(source)["audio/x.wav"]
    assert entry.row.image == b"art/x.png"
    assert isinstance(source, TableSource)
    assert sidecar_of(source, entry) == {
        "caption": "A slow waltz.",
        "story": "A boat.",
        "genre": ["Rock", "Folk"],
        "bpm": "90",
    }


def test_stretches_of_a_file_are_pieces_of_their_own_that_stay_together(tmp_path: Path) -> None:
    """MusicCaps names files by the video's id, and its stretch in seconds."""
    files(tmp_path, "[-0Gj8-vB1q4]-[30-40].wav", "abc.wav")
    rows = ("-0Gj8-vB1q4,30,40,Soft.", "abc,0,10,Loud.", "abc,1:10,80,Low.")
    table = "\n".join(["ytid,start_s,end_s,caption", *rows])
    source = source_of(written(tmp_path, "musiccaps.csv", table))
    found = listed(source)
    assert found["[-0Gj8-vB1q4]-[30-40]#1.wav"].row.stretch == Stretch(30, 40)
    assert found["abc#2.wav"].row.stretch == Stretch(0, 10)
    assert found["abc#3.wav"].row.stretch == Stretch(70, 80)
    assert isinstance(source, TableSource)
    assert source.groups(b"abc#2.wav") == source.groups(b"abc#3.wav") != source.groups(b"d.wav")
    assert found["abc#2.wav"].mtime_ns != found["abc#3.wav"].mtime_ns


def test_what_can_not_be_used_is_left_out_with_its_reason(tmp_path: Path) -> None:
    files(tmp_path, "data/a.wav", "secret.wav", "data/b.wav", "data/notes.pdf")
    (tmp_path / "data/link.wav").symlink_to(tmp_path / "secret.wav")
    named = ("../secret.wav", str(tmp_path / "secret.wav"), "/etc/passwd", "a.wav", "gone.wav")
    named = (*named, "https://example.com/a.wav", "", "link.wav", "notes.pdf", "a/../a.wav", "..")
    rows = [*(f"{name},,,x" for name in named), "b.wav,5,5,x", "b.wav,x,9,x"]
    table = "\n".join(["file,start_s,end_s,caption", *rows])
    source = source_of(written(tmp_path, "data/t.csv", table))
    reasons = skipped(source)
    below, gone = "is not below its folder", "is not there"
    for number, why in enumerate((below, below, below, "", gone, "an address", "a row without")):
        assert why in reasons.get(f"t.csv#{number + 1}", "")
    assert "a link" in reasons["t.csv#8"] and "what is no music" in reasons["t.csv#9"]
    assert "t.csv#4" not in reasons and below in reasons["t.csv#11"]
    assert reasons["t.csv#12"] == "a row whose end is not behind its start"
    assert reasons["t.csv#13"] == "a row whose start_s is no number of seconds"
    assert {"a#4.wav", "a#10.wav"} <= set(listed(source)), "two rows of one file"
    assert reasons["b.wav"] == "not in the table"


def test_a_folder_s_metadata_adds_to_what_is_there(tmp_path: Path) -> None:
    files(tmp_path, "train/a.wav", "train/b.wav", "test/a.wav", "test/a.jpg")
    written(tmp_path, "train/metadata.csv", "file_name,text\na.wav,A slow waltz.\n")
    written(tmp_path, "test/metadata.jsonl", '{"file_name": "a.wav", "text": "A fast one."}')
    source = source_of(tmp_path)
    found = listed(source)
    assert isinstance(source, TableSource)
    assert not skipped(source)
    assert sidecar_of(source, found["train/a.wav"]) == {"caption": "A slow waltz."}
    assert sidecar_of(source, found["test/a.wav"]) == {"caption": "A fast one."}
    assert not found["train/b.wav"].row.sidecar and "test/a.jpg" in found


def test_a_folder_without_such_a_table_is_a_folder(tmp_path: Path) -> None:
    files(tmp_path, "a.wav", "played.csv")
    assert isinstance(source_of(tmp_path), FolderSource)
    assert isinstance(source_of(tmp_path / "played.csv"), TableSource)


def test_a_row_s_album_or_a_folder_of_one_keeps_pieces_together(tmp_path: Path) -> None:
    files(tmp_path, "Rain/1.wav", "Rain/2.wav", "000/3.wav", "000/4.wav", "5.wav", "6.wav")
    rows = ("Rain/1.wav,", "Rain/2.wav,", "000/3.wav,", "000/4.wav,Sun", "5.wav,sun", "6.wav,")
    source = source_of(written(tmp_path, "t.csv", "\n".join(["file,album", *rows])))
    assert isinstance(source, TableSource)
    first = {name: source.groups(name.encode())[0] for name in listed(source)}
    assert first["Rain/1.wav"] == first["Rain/2.wav"]
    assert first["000/3.wav"] != first["000/4.wav"] == first["5.wav"] != first["6.wav"]


def test_a_table_that_names_no_music_is_told(tmp_path: Path) -> None:
    files(tmp_path, "a.wav")
    path = written(tmp_path, "metadata.csv", "photo,place\nx.jpg,Rome\n")
    assert skipped(source_of(tmp_path)) == {"metadata.csv": "a table without a column of music"}
    with pytest.raises(UsageError, match=r"no column that names music.* there are photo, place"):
        listed(source_of(path))


def test_a_file_that_two_tables_list_counts_once(tmp_path: Path) -> None:
    files(tmp_path, "train/a.wav")
    written(tmp_path, "metadata.csv", "file_name,text\ntrain/a.wav,A fast one.\n")
    written(tmp_path, "train/metadata.csv", "file_name,text\na.wav,A slow waltz.\n")
    assert list(skipped(source_of(tmp_path)).values()) == ["two tables list it"]


@pytest.mark.slow
def test_a_small_parquet_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """64 rows of one text of 64 MB, which the file holds once, compressed."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    text = pa.DictionaryArray.from_arrays(
        pa.array([0] * 64, pa.int32()), pa.array(["a" * (64 << 20)])
    )
    bomb = tmp_path / "bomb.parquet"
    columns = {"file_name": [f"{n}.flac" for n in range(64)], "caption": text}
    pq.write_table(pa.table(columns), bomb, compression="zstd", store_schema=False)
    assert bomb.stat().st_size < 10_000
    with pytest.raises(UsageError, match=r"bomb.parquet can't be read: it takes too much memory"):
        read_rows(bomb)
