"""The dataset's card: true to the dataset, kept beside its owner's words, and of use to readers."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mmusset.builder import reasons
from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.measurements.precision import PRECISION
from mmusset.publish import readme
from mmusset.publish.card import ORIGINS, plain, write_card
from mmusset.publish.features import fields_of
from mmusset.publish.licence import Licence
from mmusset.sample import Quadruple
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.piece import ImageOrigin, Tags
from mmusset.shards.tar import Sample, read_shard, write_shard
from mmusset.shards.verify import verify
from tests.support.command import SHORT, finished, mmusset, start, tree
from tests.support.datasets_made import write_dataset
from tests.support.media import library
from tests.support.samples import filmed, sample

# datasets and webdataset leave it to the garbage collector to close the tars that they opened.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
HOSTILE = (
    "A|B *x* <script>alert(1)</script> [l](http://x) `c` --- <!-- mmusset: end --> {{ 7 }} \\|"
)


@pytest.fixture(scope="module")
def built(twelve: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real build leaves, with a card to write anew."""
    return Path(shutil.copytree(twelve, tmp_path_factory.mktemp("card") / "out"))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A dataset without a card."""
    shards = {
        "data/train-000000.tar": [sample(1), sample(2)],
        "data/test-000000.tar": [sample(3, "test")],
    }
    return write_dataset(tmp_path / "made", shards)


def front_of(out: Path) -> dict[str, Any]:
    front: dict[str, Any] = yaml.safe_load((out / "README.md").read_text().split("---\n")[1])
    return front


def card_of(out: Path) -> str:
    return (out / "README.md").read_text()


def members_of(out: Path, split: str) -> dict[str, dict[str, bytes]]:
    shards = sorted((out / "data").glob(f"{split}-*.tar"))
    return {key: members for shard in shards for key, members in read_shard(shard)}


def tagged(number: int, **tags: str) -> Sample:
    made = sample(number)
    return replace(made, quadruple=made.quadruple.model_copy(update={"tags": Tags(**tags)}))


# --- what it says ------------------------------------------------------------------------------


def test_a_build_ends_with_a_card_that_counts_what_is_there(built: Path) -> None:
    card = card_of(built)
    assert "\n12 quadruples of **image" in card
    assert "| 44.1 kHz, stereo | 12 clips |" in card
    assert "12 found = 12 accepted + 0 rejected + 0 failed + 0 skipped." in card
    configs = front_of(built)["configs"][0]["data_files"]
    assert len(configs) >= 2
    for split, path in (config.values() for config in configs):
        samples, shards = members_of(built, split), len(list(built.glob(path)))
        assert re.search(rf"\| {split} \| {len(samples)} \| \d+ \| {shards} \|", card)
    assert "offline grammar" in card
    assert "**Nobody has decided on a licence for this dataset yet.**" in card
    assert "license" not in front_of(built)
    assert (built / "assets/samples.jpg").stat().st_size < 1_000_000
    assert verify(built) == (12, [])


def test_the_claims_are_counted_in_the_shards(made: Path) -> None:
    sad, rock = (
        JudgedClaim(
            attribute=attribute,
            value=value,
            text=value,
            verdict=verdict,
            measured="",
            confidence=0.0,
        )
        for attribute, value, verdict in (
            ("mood", "sad", "unverifiable"),
            ("genre", "rock", "told"),
        )
    )
    one = sample(1)
    caption = one.quadruple.caption
    caption = caption.model_copy(update={"claims": (*caption.claims, sad, rock)})
    one = replace(one, quadruple=one.quadruple.model_copy(update={"caption": caption}))
    write_dataset(made, {"data/train-000000.tar": [one, sample(2)]})
    write_card(made)
    card = card_of(made)
    tried = PRECISION["loudness"]
    right = f"{tried.right} of {tried.said}, the same word half a second later"
    assert f"| loudness | 2 | 2 | 0 | 0 | 0 | {right} |\n" in card
    assert "| genre | 1 | 0 | 0 | 1 | 0 | not measured |\n" in card
    assert "| mood | 1 | 0 | 0 | 0 | 1 | not measured |\n" in card
    assert "| **all** | 4 | 2 (50.0 %) | 0 | 1 | 1 (25.0 %) |" in card
    assert "taken from the file's tags, with no measurement" in card
    assert "50.0 % of the\ncaptions (1)" in card


def test_tags_that_were_kept_are_told_and_the_rest_is_unknown(tmp_path: Path) -> None:
    one = tagged(1, artist="Mira", album="North", license="CC BY 4.0")
    write_dataset(
        tmp_path,
        {"data/train-000000.tar": [one, sample(2)]},
        tags={"use": [], "keep": ["artist", "album", "license"]},
    )
    write_card(tmp_path)
    assert "| CC BY 4.0 | 1 |\n| unknown | 1 |" in card_of(tmp_path)
    assert "| Mira | North | CC BY 4.0 | 1 |" in card_of(tmp_path)


def test_music_that_a_model_made_is_told(tmp_path: Path) -> None:
    one = sample(1)
    music = one.quadruple.music.model_copy(update={"generated_by": "musflow-tiny/0f"})
    one = replace(one, quadruple=one.quadruple.model_copy(update={"music": music}))
    write_dataset(tmp_path, {"data/train-000000.tar": [one, sample(2)]})
    write_card(tmp_path)
    assert "| made by a model | 50.0 % of the clips (1);" in card_of(tmp_path)
    assert "| made by musflow-tiny/0f | 1 clip |" in card_of(tmp_path)


def test_a_folder_of_this_machine_is_not_told(tmp_path: Path) -> None:
    adapters = {"captioner": "/home/me/my-lora"}
    speaker = {"kind": "transformers", "model": "/home/me/qwen", "adapters": adapters}
    write_dataset(tmp_path, {"data/train-000000.tar": [sample(1)]}, speaker=speaker)
    write_card(tmp_path)
    assert "/home/me" not in card_of(tmp_path)
    assert "| my-lora |" in card_of(tmp_path)


def test_a_dataset_without_samples_has_a_card_that_says_so(tmp_path: Path) -> None:
    write_dataset(tmp_path, {})
    write_card(tmp_path)
    assert "\n0 quadruples" in card_of(tmp_path)
    assert front_of(tmp_path)["size_categories"] == ["n<1K"]
    assert "load_dataset" not in card_of(tmp_path)
    assert not (tmp_path / "croissant.json").exists()


def test_what_does_not_fit_the_manifest_is_an_error(made: Path, tmp_path: Path) -> None:
    write_shard(made, "data/test-000000.tar", [sample(3, "test"), sample(4, "test")])
    with pytest.raises(MmussetError, match="holds 4 samples, its manifest 3"):
        write_card(made)
    (made / "data/test-000000.tar").unlink()
    with pytest.raises(MmussetError, match=r"test-000000\.tar can't be read"):
        write_card(made)
    with pytest.raises(MmussetError, match=r"has no manifest\.json"):
        write_card(tmp_path)
    assert not (made / "README.md").exists()


# --- the same again, and beside its owner's words --------------------------------------------


def test_written_again_not_a_byte_changes(built: Path) -> None:
    before = tree(built)
    write_card(built)
    assert tree(built) == before


def test_its_owners_words_and_keys_survive(made: Path) -> None:
    write_card(made, Licence("cc-by-4.0"), "Songs of the sea")
    path = made / "README.md"
    text = path.read_text().replace("---\n<!--", "---\n# Mine\n\nRead this.\n<!--")
    path.write_text(
        text.replace("license: cc", "# by Ann\nextra: [1, 'no']\nlicense: cc")
        .replace("- en\n", "- de\n")
        .replace("- music\n", "- music\n- sea\n")
        + "Bye.\n"
    )
    write_card(made)
    card, front = card_of(made), front_of(made)
    assert "---\n# Mine\n\nRead this.\n<!-- mmusset: begin -->\n# Songs of the sea\n" in card
    assert card.endswith("<!-- mmusset: end -->\nBye.\n")
    assert (front["license"], front["extra"]) == ("cc-by-4.0", [1, "no"])
    assert front["language"] == ["de"]
    assert {"music", "sea", "webdataset"} <= set(front["tags"])
    assert "by decision of its owner: **cc-by-4.0**" in card
    before = tree(made)
    write_card(made)
    assert tree(made) == before


owners = st.text(st.characters(exclude_categories=["Cs", "Cc"])).filter(
    lambda text: "mmusset:" not in text
)


@given(owners, owners, st.dictionaries(owners, owners | st.integers() | st.lists(owners)))
def test_whatever_the_owner_wrote_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str, front: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "owned.md"
    owned = readme.Readme(front | {"ours": 0}, f"{before}\n", f"\n{after}")
    path.write_text(owned.text({"ours": 1}, "generated"), encoding="utf-8")
    again = readme.read(path)
    assert again == readme.Readme(front | {"ours": 1}, f"{before}\n", f"\n{after}")


def test_a_readme_that_is_not_ours_is_left_alone(made: Path, tmp_path: Path) -> None:
    path = made / "README.md"
    path.write_text("# My songs\n")
    done = mmusset("card", made)
    assert (done.returncode, path.read_text()) == (1, "# My songs\n")
    assert "is not overwritten" in done.stderr
    assert "<!-- mmusset: begin -->" in done.stderr, "what to do"
    path.write_text("# My songs\n\n<!-- mmusset: begin -->\n<!-- mmusset: end -->\n")
    write_card(made)
    assert "\n# My songs\n\n<!-- mmusset: begin -->\n# Music with" in path.read_text()


def test_a_build_only_warns_of_such_a_readme(tmp_path: Path) -> None:
    words = ("build", "--source", library(tmp_path / "source", 2), "--out", tmp_path / "out")
    assert mmusset(*words, *SHORT).returncode == 0
    (tmp_path / "out/README.md").write_text("# My songs\n")
    again = mmusset(*words, *SHORT)
    assert again.returncode == 0
    assert "no card was written" in again.stderr
    assert (tmp_path / "out/README.md").read_text() == "# My songs\n"


@pytest.mark.parametrize("top", ["a: [1", "just words", "- a list"])
def test_front_matter_that_is_no_yaml_is_not_lost(made: Path, top: str) -> None:
    text = f"---\n{top}\n---\n{readme.BEGIN}\n{readme.END}\n"
    (made / "README.md").write_text(text)
    with pytest.raises(Refused, match="YAML at the top"):
        write_card(made)
    assert card_of(made) == text


# --- the licence -----------------------------------------------------------------------------


def test_a_licence_is_decided_on_and_changed(made: Path) -> None:
    done = mmusset("card", made, "--license", "other", "--license-name", "my-label")
    assert done.returncode == 0, done.stderr
    assert front_of(made) | {"license": "other", "license_name": "my-label"} == front_of(made)
    assert "**my-label**" in card_of(made)
    write_card(made, Licence("cc0-1.0"))
    assert front_of(made)["license"] == "cc0-1.0"
    assert "license_name" not in front_of(made)


@pytest.mark.parametrize("words", [("CC BY",), ("",), ("other",), ("cc0-1.0", "a name")])
def test_a_licence_that_says_nothing_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        Licence(*words)


# --- text of others ----------------------------------------------------------------------------


class Cells(HTMLParser):
    """The texts of a table's cells, and every tag that stands anywhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.cells, self._inside = set[str](), list[str](), False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._inside = tag == "td"
        if self._inside:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


def rendered(markdown: str) -> Cells:
    return Cells(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


printable = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "))


@given(printable.map(lambda text: " ".join(text.split())))
def test_any_text_stays_text_in_a_table(text: str) -> None:
    cells = rendered(f"| a | b |\n|---|---|\n| {plain(text)} | end |\n")
    assert cells.cells == [text, "end"]
    assert cells.tags == {"table", "thead", "tbody", "tr", "th", "td"}


def test_a_hostile_title_stays_a_title(tmp_path: Path) -> None:
    one = tagged(1, artist=HOSTILE, license=HOSTILE)
    shards = {"data/train-000000.tar": [one]}
    write_dataset(tmp_path, shards, tags={"use": [], "keep": ["artist", "license"]})
    write_card(tmp_path, Licence("cc-by-4.0"), HOSTILE)
    before = tree(tmp_path)
    assert front_of(tmp_path)["pretty_name"] == HOSTILE
    cells = rendered(card_of(tmp_path).partition("\n---\n")[2])
    assert cells.cells.count(HOSTILE) == 3, "licence, and artist and licence"
    assert "too quiet | <b>" in cells.cells
    assert "script" not in cells.tags
    write_card(tmp_path)
    assert tree(tmp_path) == before


# --- readers -----------------------------------------------------------------------------------


def test_every_field_has_a_type(built: Path) -> None:
    (columns,) = [f["struct"] for f in front_of(built)["dataset_info"]["features"] if "struct" in f]
    asked_for = [name for name, field in Quadruple.model_fields.items() if field.exclude_if is None]
    assert [column["name"] for column in columns] == asked_for

    class Odd(Tags):
        maybe: str | None = None

    with pytest.raises(TypeError):
        fields_of(Odd)


@pytest.mark.slow
@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_gives_every_member_back(built: Path, streaming: bool, tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(built), streaming=streaming, cache_dir=str(tmp_path))
    assert set(loaded) == set(datasets.get_dataset_split_names(str(built)))
    for split, rows in loaded.items():
        assert rows.features["json"]["turns"].feature["round"] == datasets.Value("int64")
        assert_same(rows, members_of(built, split))


def assert_same(rows: Any, expected: dict[str, dict[str, bytes]]) -> None:
    """That a table of `datasets` holds these samples, and decodes them."""
    import datasets

    decoded = next(iter(rows))
    assert decoded["image.jpg"].size[0] > 0
    assert decoded["music.flac"].get_all_samples().sample_rate > 0
    raw = rows.cast_column("image.jpg", datasets.Image(decode=False))
    raw = raw.cast_column("music.flac", datasets.Audio(decode=False))
    read = {row["__key__"]: row for row in raw}
    assert list(read) == list(expected)
    for key, members in expected.items():
        row = read[key]
        assert row["image.jpg"]["bytes"] == members["image.jpg"]
        assert row["music.flac"]["bytes"] == members["music.flac"]
        assert row["story.txt"].encode() == members["story.txt"]
        assert row["caption.txt"].encode() == members["caption.txt"]
        spelled = json.dumps(row["json"], sort_keys=True, separators=(",", ":"))
        assert spelled.encode() == members["json"]


@pytest.mark.parametrize("streaming", [False, True])
def test_videos_have_frames_and_stills_none(streaming: bool, tmp_path: Path) -> None:
    import datasets

    out = tmp_path / "mixed"
    shards = {"data/train-000000.tar": [sample(1), filmed(sample(2)), sample(3)]}
    write_card(write_dataset(out, shards))
    assert verify(out) == (3, [])
    cache = str(tmp_path / "cache")
    rows = list(
        datasets.load_dataset(str(out), split="train", streaming=streaming, cache_dir=cache)
    )
    sheets = [row["frames.jpg"] and row["frames.jpg"].size for row in rows]
    assert sheets == [None, (3 * 64, 48), None]
    assert rows[1]["json"]["frames"]["count"] == 3
    assert "| `frames.jpg` | of 1 video: " in card_of(out)


@pytest.mark.parametrize("streaming", [False, True])
def test_types_hold_where_the_first_samples_would_mislead(
    made: Path, streaming: bool, tmp_path: Path
) -> None:
    """datasets guesses from five samples: here six begin the shard, all with empty lists."""
    import datasets

    misleading = []
    for number in range(8):
        one = sample(number)
        empty = {"turns": (), "caption": one.quadruple.caption.model_copy(update={"claims": ()})}
        update = empty if number < 6 else {}
        misleading.append(replace(one, quadruple=one.quadruple.model_copy(update=update)))
    write_card(made)
    (made / "data/test-000000.tar").unlink()
    write_shard(made, "data/train-000000.tar", misleading)
    text = card_of(made).replace("  - split: test\n    path: data/test-*.tar\n", "")
    (made / "README.md").write_text(text)
    (rows,) = datasets.load_dataset(
        str(made), streaming=streaming, cache_dir=str(tmp_path)
    ).values()
    assert_same(rows, members_of(made, "train"))


def test_the_cards_python_runs(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built)
    blocks = re.findall(r"```python\n(.*?)```", card_of(built), re.DOTALL)
    assert len(blocks) == 2
    keys = list(members_of(built, "train"))
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == keys


@pytest.mark.slow
def test_the_cards_commands_run(built: Path) -> None:
    (block,) = re.findall(r"```bash\n(.*?)```", card_of(built), re.DOTALL)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert [line[:2] for line in lines] == [["mmusset", w] for w in ("verify", "train", "train")]
    for line in lines[:2]:  # the last trains for minutes; musflow/test_train.py has such trainings
        done = finished(start(*line[1:], cwd=built))
        assert done.returncode == 0, done.stderr


def test_every_origin_of_a_picture_has_its_words() -> None:
    assert set(ORIGINS) == set(reasons.ORIGINS) == set(get_args(ImageOrigin))
