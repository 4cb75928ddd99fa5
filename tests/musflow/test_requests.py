"""What is asked of `mmusset generate`: read rightly, or refused in a line that says where."""

import re
from pathlib import Path

import pytest

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.generate.requests import (
    FILE,
    MAX_SEED,
    MAX_TEXT,
    GenerationRequest,
    expand,
    guidance_of,
    request_of_options,
    text_of,
    with_seeds,
)
from mmusset.musflow.recipe import CONDITIONS
from mmusset.musflow.training.run_folder import default_run
from tests.support.media import picture

NOTHING = GenerationRequest(FILE)


def table(folder: Path, text: str) -> Path:
    path = folder / "wishes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows(
    folder: Path, text: str, usual: GenerationRequest = NOTHING, seeds: tuple[int, ...] = ()
) -> list[GenerationRequest]:
    return expand(usual, table(folder, text), folder / "made", seeds)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as error:
        rows(folder, text)
    return str(error.value).removeprefix(f"{folder}/")


def test_options_say_what_is_wanted(tmp_path: Path) -> None:
    found = request_of_options(
        None, Path("a.png"), " A boy. ", "A fast piece.", 96.0, 2.5, ["2", "image=4"]
    )
    assert found == GenerationRequest(
        out=Path("generated.flac"),
        image=Path("a.png"),
        story="A boy.",
        caption="A fast piece.",
        bpm=96.0,
        seconds=2.5,
        guidance={"image": 4, "story": 2, "caption": 2, "audio": 2, "video": 2},
    )
    assert found.conditions == ("image", "story", "caption")
    assert request_of_options(None, None, None, "x", None, None, ()).conditions == ("caption",)


def test_a_text_is_itself_or_what_stands_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffÀ la mer.\n", encoding="utf-8")
    (tmp_path / "b").write_text("A boy.")
    (tmp_path / "c.story").write_text("A girl.")
    assert text_of("a.txt", "--story", tmp_path) == "À la mer."
    assert text_of(str(tmp_path / "b"), "--story") == "A boy."
    assert text_of("c.story", "--story", tmp_path) == "A girl."
    assert text_of("b", "--story", tmp_path) == "b", "one word may be the name of a file by chance"
    for words in ("Slow. Sad.", "A boy saw\na.txt", "word " * 1000, "music/4"):
        assert text_of(words, "--story", tmp_path) == words.strip()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "--story is empty"),
        (" \n\t ", "--story is empty"),
        ("gone.txt", "can't read .*gone.txt: No such file"),
        ("empty.txt", "empty.txt is empty"),
        ("latin.txt", "latin.txt is not UTF-8"),
        ("folder.txt", "can't read .*folder.txt: Is a directory"),
        ("long.txt", "longer than 64000"),
        ("é" * (MAX_TEXT + 1), "longer than 64000"),
    ],
)
def test_a_text_that_is_none_is_refused(tmp_path: Path, words: str, why: str) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "long.txt").write_text("é" * (MAX_TEXT + 1), encoding="utf-8")
    with pytest.raises(UsageError, match=why):
        text_of(words, "--story", tmp_path)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01, 1e9, float("nan"), float("inf")])
def test_seconds_that_no_music_has_are_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match=r"--seconds must be from 0.1 to 600"):
        request_of_options(None, None, None, None, None, seconds, ())


@pytest.mark.parametrize("bpm", [-1.0, 0.0, 29.0, 301.0, float("nan")])
def test_a_tempo_that_no_music_has_is_refused(bpm: float) -> None:
    with pytest.raises(UsageError, match=r"--bpm must be from 30 to 300"):
        request_of_options(None, None, None, None, bpm, None, ())


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("img=3", "'img' is none of image, story, caption"),
        ("=3", "'' is none of"),
        ("loud", "takes a number"),
        ("image=", "takes a number"),
        ("-1", "from 0 to 100"),
        ("story=nan", "from 0 to 100"),
        ("1e500", "from 0 to 100"),
    ],
)
def test_guidance_that_can_not_be_meant_is_refused(word: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        guidance_of([word])


def test_the_last_guidance_counts() -> None:
    assert guidance_of(["image=4", "0"]) == dict.fromkeys(CONDITIONS, 0)
    assert guidance_of(["image=4"]) == {"image": 4}
    assert guidance_of([]) == {}


def test_several_seeds_are_several_files() -> None:
    usual = GenerationRequest(Path("made/a.b.ogg"), caption="x")
    assert with_seeds(usual, ()) == [usual]
    assert [(p.seed, str(p.out)) for p in with_seeds(usual, [5])] == [(5, "made/a.b.ogg")]
    assert [(p.seed, str(p.out)) for p in with_seeds(usual, [5, 0])] == [
        (5, "made/a.b-seed5.ogg"),
        (0, "made/a.b-seed0.ogg"),
    ]
    for seeds in ([1, 1], [-1], [MAX_SEED + 1]):
        with pytest.raises(UsageError, match="--seed"):
            with_seeds(usual, seeds)


def test_a_table_says_a_piece_a_row(tmp_path: Path) -> None:
    (tmp_path / "boy.txt").write_text("A boy.")
    usual = GenerationRequest(FILE, caption="Loud.", seconds=3.0, guidance={"image": 2.0})
    found = rows(
        tmp_path,
        "\ufeffimage,story,caption,bpm,seconds,seed,out\r\n"
        "pictures/a.png,boy.txt,,,,3,\r\n"
        '\r\n,,,,,,\r\n,"A girl,\n""Ann""",Slow.,84.5,1.5,7,girl.wav\r\n',
        usual,
    )
    made, named = tmp_path / "made", f"{tmp_path}/wishes.csv, line"
    assert found == [
        GenerationRequest(
            made / "0001.flac",
            tmp_path / "pictures/a.png",
            "A boy.",
            "Loud.",
            0.0,
            3.0,
            3,
            {"image": 2.0},
            f"{named} 2: ",
        ),
        GenerationRequest(
            made / "girl.wav",
            None,
            'A girl,\n"Ann"',
            "Slow.",
            84.5,
            1.5,
            7,
            {"image": 2.0},
            f"{named} 6: ",
        ),
    ]


def test_rows_without_a_seed_have_one_of_their_own(tmp_path: Path) -> None:
    """From one noise, all of a table would have the same things happen at the same places."""
    text = "caption,seed\nCalm.,\nLoud.,\nLoud.,\nCalm.,4\n"
    seeds = [each.seed for each in rows(tmp_path, text)]
    assert len(set(seeds)) == 4 and seeds[3] == 4
    assert [each.seed for each in rows(tmp_path, text)] == seeds, "and always the same"
    assert [each.seed for each in rows(tmp_path, text.replace("Calm.,4\n", ""))] == seeds[:3]


def test_each_row_is_made_with_each_seed_but_for_its_own(tmp_path: Path) -> None:
    found = rows(tmp_path, "caption,seed\na,\nb,9\n", seeds=(1, 2))
    assert [(p.caption, p.seed, p.out.name) for p in found] == [
        ("a", 1, "0001-seed1.flac"),
        ("a", 2, "0001-seed2.flac"),
        ("b", 9, "0002.flac"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "wishes.csv is empty; its first line names columns: image,"),
        ("caption\n", "wishes.csv has no rows"),
        ("caption,seed\n,\n", "wishes.csv has no rows"),
        ("captoin\nx\n", "unknown column 'captoin'. Did you mean 'caption'?"),
        ("Story\nx\n", "unknown column 'Story'. Did you mean 'story'?"),
        ("tempo\nx\n", "unknown column 'tempo'. There are: image, story,"),
        ("seed,seed\n1,2\n", "a column is there twice"),
        ("caption\nFast, loud\n", "line 2: more cells than columns"),
        ("caption,seconds\na,2\nb,two\n", "line 3: seconds must be a number, not 'two'"),
        ("seconds\nnan\n", "line 2: seconds must be from 0.1 to 600, not nan"),
        ("seconds\n-2\n", "line 2: seconds must be from 0.1 to 600, not -2"),
        ("seed\n1.5\n", "line 2: seed must be a whole number, not '1.5'"),
        (f"seed\n{2**63}\n", "line 2: seed must be from 0 to"),
        ("story\ngone.txt\n", "line 2, story: can't read"),
        ("out\n../x.flac\n", "line 2: out is the name of a file in --out, without folders: ../"),
        ("out\n/x.flac\n", "line 2: out is the name of a file in --out"),
        ("out\n..\n", "line 2: out is the name of a file in --out"),
        ("out\nx.mp3\n", "line 2: "),
        ("out\na.flac\nb.flac\na.flac\n", "line 4: "),
    ],
)
def test_a_table_that_can_not_be_meant_is_refused(tmp_path: Path, text: str, why: str) -> None:
    said = refused(tmp_path, text)
    assert said.startswith("wishes.csv")
    assert why in said
    assert not (tmp_path / "made").exists()


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wishes.csv").write_bytes("caption\n".encode("utf-16"))
    with pytest.raises(UsageError, match="is no CSV in UTF-8"):
        expand(NOTHING, tmp_path / "wishes.csv", None, ())
    with pytest.raises(UsageError, match=r"can't read .*: Is a directory"):
        expand(NOTHING, tmp_path, None, ())
    with pytest.raises(UsageError, match=r"can't read .*gone.csv: No such file"):
        expand(NOTHING, tmp_path / "gone.csv", None, ())


def test_files_are_looked_at_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "there.flac").touch()
    with pytest.raises(MmussetError, match="there already"):
        expand(GenerationRequest(tmp_path / "there.flac"), None, None, ())
    with pytest.raises(UsageError, match="is no folder"):
        expand(GenerationRequest(tmp_path / "there.flac" / "a.flac"), None, None, ())
    with pytest.raises(UsageError, match="there is no folder"):
        expand(GenerationRequest(tmp_path / "gone" / "too" / "a.flac"), None, None, ())
    with pytest.raises(UsageError, match="is no folder"):
        expand(NOTHING, table(tmp_path, "caption\na\n"), tmp_path / "there.flac", ())
    assert expand(GenerationRequest(tmp_path / "new" / "a.flac"), None, None, ())
    (found,) = expand(NOTHING, table(tmp_path, "caption\na\n"), None, ())
    assert found.out == Path("generated/0001.flac")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.png", "can't read .*gone.png: No such file"),
        ("", "can't read .*: Is a directory"),
        ("text.png", r"text.png is no picture"),
        ("cut.png", r"cut.png does not decode"),
        ("huge.png", r"huge.png has 8000 x 8000 pixels"),
    ],
)
def test_a_picture_that_is_none_is_refused(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "text.png").write_text("a beach")
    picture(tmp_path / "whole.png", 1)
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    if name == "huge.png":
        from PIL import Image

        Image.new("1", (8000, 8000)).save(tmp_path / name)
    with pytest.raises(UsageError, match=f"^line 2: .*{why}"):
        GenerationRequest(FILE, image=tmp_path / name, where="line 2: ").picture()


def test_the_folder_of_a_training_is_named_after_its_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "music" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "music")
    for source in (
        "music",
        "../music/",
        "/x/music/data",
        "music/data/*.tar",
        "music/data/train-000000.tar",
        "music/data/train-00000[0-3].tar",
        "hf://datasets/user/music",
        "hf://datasets/user/music/data/*.tar",
        ".",
    ):
        assert default_run(source) == Path("music-musflow"), source
    assert default_run("data") == Path("data-musflow")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("image\na\0b.png\n", "wishes.csv, line 2: a cell is not text: it holds NUL"),
        ("story,out\nx,a\0.flac\n", "wishes.csv, line 2: a cell is not text: it holds NUL"),
        ("caption\na\0.txt\n", "wishes.csv, line 2: a cell is not text: it holds NUL"),
        ("ima\0ge\nx\n", "wishes.csv: unknown column"),
        (f"story\n{200_000 * 'x'}\n", "wishes.csv is no CSV in UTF-8: field larger"),
        (
            f"story,out\nx,{300 * 'x'}.flac\n",
            "wishes.csv, line 2: can't write .*File name too long",
        ),
        (f"image,out\n{300 * 'x'},a.flac\n", ""),
    ],
)
def test_a_cell_that_no_file_or_text_can_be_is_refused_in_its_line(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "made").mkdir()
    if why:
        assert re.match(why, refused(tmp_path, text))
    else:
        (piece,) = rows(tmp_path, text)
        with pytest.raises(UsageError, match=r"csv, line 2: can't read .*: File name too long"):
            piece.picture()


def test_a_text_file_with_nul_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\0b")
    with pytest.raises(UsageError, match=r"^--story: .*a\.txt is not text: it holds NUL$"):
        text_of("a.txt", "--story", tmp_path)
