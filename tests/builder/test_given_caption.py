"""Captions that the source brings with it, and the files beside music that hold them."""

import json
from pathlib import Path

from tests.support.command import SHORT, mmusset
from tests.support.marking import samples
from tests.support.media import picture, piece

WRONG = "A racing piece in 3/4 at 222 BPM.\n"
RIGHT = "Somebody plays the piano, alone."


def facts_of(out: Path) -> dict[str, dict[str, object]]:
    """Each sample's JSON by its caption."""
    return {m["caption.txt"].decode(): json.loads(m["json"]) for m in samples(out).values()}


def song(path: Path, number: int) -> None:
    piece(path, number)
    picture(path.with_suffix(".png"), number)


def test_a_given_caption_is_stored_as_it_is_judged_and_marked(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    song(source / "one.wav", 1)
    (source / "one.caption.txt").write_text(WRONG)
    song(source / "two.wav", 2)
    (source / "two.json").write_text(json.dumps({"caption": RIGHT, "story": "A dog. It barks."}))
    song(source / "three.wav", 3)
    song(source / "four.wav", 4)
    (source / "four.caption.txt").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    found = facts_of(out)
    assert len(found) == 4 and {WRONG, RIGHT} < set(found)
    writers = sorted(facts["caption"]["writer"] for facts in found.values())
    assert writers == ["captioner", "captioner", "given", "given"]
    verdicts = {c["value"]: c["verdict"] for c in found[WRONG]["caption"]["claims"]}
    assert verdicts["222"] in ("contradicted", "unverifiable")
    assert found[RIGHT]["story"]["text"] == "A dog. It barks."
    assert mmusset("verify", out).returncode == 0
    told = mmusset("explain", out, "one.wav").stdout
    assert "caption   by given" in told
    assert "caption is no text: it is a JPEG picture" in mmusset("explain", out, "four.wav").stdout
    assert "given by the owner, and kept as it was" in (out / "README.md").read_text()


def test_a_recipe_may_reject_a_caption_that_a_rule_is_against(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    song(source / "one.wav", 1)
    (source / "one.caption.txt").write_text("A piece for violin, trumpet, harp and organ.")
    kept = ("--set", "critic.given_caption=reject")
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *kept)
    assert done.returncode == 4
    assert "rejected: says too much that nothing measured can settle: 1" in done.stdout


def test_the_files_that_other_tools_leave_beside_music(tmp_path: Path) -> None:
    """yt-dlp's facts of a video, and lyrics in a text of their own."""
    source, out = tmp_path / "source", tmp_path / "out"
    song(source / "one.wav", 1)
    info = {"title": "Rain", "artist": "Ann", "genres": ["Rock"], "license": "CC BY 3.0"}
    (source / "one.info.json").write_text(json.dumps(info | {"formats": [{"x": 1}] * 10_000}))
    (source / "one.description").write_text("Subscribe! http://example.com")
    (source / "one.lyrics.txt").write_text("Rain on the roof\nRain on the road\n")
    kept = ("--set", "lyrics=keep", "--set", "tags.keep=[title, artist, license]")
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *kept)
    assert done.returncode == 0, done.stderr
    (facts,) = facts_of(out).values()
    tags = {name: facts["tags"][name] for name in ("title", "artist", "license", "genre")}
    assert tags == {"title": "Rain", "artist": "Ann", "license": "cc-by-3.0", "genre": "rock"}
    assert facts["lyrics"]["text"] == "Rain on the roof\nRain on the road"
    assert facts["lyrics"]["origin"] == "file"
    assert "a description" in mmusset("status", out).stdout


def test_folders_of_sounds_pictures_and_captions_side_by_side(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    for number in range(6):
        piece(source / f"train/audio/{number:05d}.wav", number)
        picture(source / f"train/images/{number:05d}.png", number)
    (source / "train/captions").mkdir()
    (source / "train/captions/00003.txt").write_text(RIGHT)
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    found = facts_of(out)
    assert len(found) == 6 and found[RIGHT]["caption"]["writer"] == "given"
    assert {facts["image"]["origin"] for facts in found.values()} == {"stem"}
    assert len({facts["group"] for facts in found.values()}) == 6
