"""Files that are dropped onto the page: a video to make music to, a recording to sound like."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import expect

from mmusset.errors import UsageError
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.play.dropped import NO_VIDEOS, file_of, keep
from tests.support.browser import address_of, chromium, watched
from tests.support.films import film
from tests.support.musflow_trained import Trained
from tests.support.video_training import trained_on_videos
from tests.support.viewing import Viewing

WISH = {"seconds": 1.0, "steps": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_on_videos(tmp_path_factory)


@pytest.fixture(scope="module")
def url(run: Path) -> Iterator[str]:
    with address_of("play", run) as url:
        yield url


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that grow lighter."""
    noise = np.random.default_rng(0).integers(0, 60, (64, 96, 3), dtype=np.uint8)
    frames = [Image.fromarray(noise + np.uint8(9 * number)) for number in range(20)]
    return film(tmp_path_factory.mktemp("films") / "walk.mp4", frames)


def sound(path: Path, seconds: float) -> Path:
    at_s = np.arange(round(seconds * 22050)) / 22050
    soundfile.write(path, np.sin(2 * np.pi * 440 * at_s) / 2, 22050)
    return path


def test_a_video_and_a_sound_are_taken_for_what_they_are(
    url: str, video: Path, tmp_path: Path
) -> None:
    parts = urlsplit(url)
    assert parts.port
    page = Viewing(None, parts.port, parts.path.strip("/"))  # type: ignore[arg-type]
    assert {"video": True, "audio": True}.items() <= page.ask("/api/model").json.items()
    moving = page.ask("/api/file", "POST", video.read_bytes()).json
    assert (moving["condition"], moving["seconds"], moving["note"]) == ("video", 2.0, "")
    assert page.ask(f"/image/{moving['id']}.jpg").body.startswith(b"\xff\xd8")
    like = page.ask("/api/file", "POST", sound(tmp_path / "song.ogg", 1.5).read_bytes()).json
    assert (like["condition"], like["seconds"]) == ("audio", 1.5)
    assert page.ask(f"/audio/{like['id']}.flac").headers["content-type"] == "audio/flac"
    made = page.ask("/api/make", "POST", WISH | {"video": moving["id"], "audio": like["id"]}).json
    assert made["conditions"] == ["audio", "video"]


def test_a_model_is_given_what_it_was_trained_with(
    trained: Trained, video: Path, tmp_path: Path
) -> None:
    """To one that follows no videos, a video is a picture."""
    generator = MusicGenerator(trained.run, "cpu", lambda line: None)
    dropped = keep(video.read_bytes(), generator, tmp_path)
    assert (dropped.condition, dropped.note) == ("image", NO_VIDEOS)
    with pytest.raises(UsageError, match="without sounds as a condition"):
        keep(sound(tmp_path / "song.wav", 2.0).read_bytes(), generator, tmp_path)


@pytest.fixture(scope="module")
def generator(run: Path) -> MusicGenerator:
    return MusicGenerator(run, "cpu", lambda line: None)


@pytest.mark.parametrize(("channels", "rate_hz"), [(1, 22050), (12, 22050), (2, 768000)])
def test_a_recording_of_any_shape_is_heard(
    generator: MusicGenerator, tmp_path: Path, channels: int, rate_hz: int
) -> None:
    at_s = np.arange(2 * rate_hz) / rate_hz
    one = 3 * np.sin(2 * np.pi * 440 * at_s)  # beyond full scale, as mixes in floats may be
    file = tmp_path / "mix.wav"
    soundfile.write(file, np.tile(one[:, None], channels), rate_hz, subtype="FLOAT")
    kept = tmp_path / "kept"
    kept.mkdir()
    dropped = keep(file.read_bytes(), generator, kept)
    assert (dropped.condition, dropped.seconds) == ("audio", 2.0)
    assert {each.name for each in kept.iterdir()} == {
        f"audio-{dropped.id}.audio",
        f"audio-{dropped.id}.flac",
    }
    assert file_of(kept, "audio", dropped.id).read_bytes() == file.read_bytes()
    assert soundfile.info(kept / f"audio-{dropped.id}.flac").channels == 1


def test_so_is_one_of_a_phone(generator: MusicGenerator, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "memo.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        at_s = np.arange(66 * 1024) / 44100
        wave = np.sin(2 * np.pi * 440 * at_s).astype(np.float32)[None] / 2
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert keep((tmp_path / "memo.m4a").read_bytes(), generator, tmp_path).condition == "audio"


def test_nothing_stays_of_what_is_refused(
    generator: MusicGenerator, trained: Trained, tmp_path: Path
) -> None:
    told_no_sounds = MusicGenerator(trained.run, "cpu", lambda line: None)
    short, kept = sound(tmp_path / "x.wav", 0.5).read_bytes(), tmp_path / "kept"
    kept.mkdir()
    for data, model in ((short, generator), (short, told_no_sounds), (b"junk", generator)):
        with pytest.raises(UsageError):
            keep(data, model, kept)
    assert list(kept.iterdir()) == []


def test_a_sound_of_a_moment_is_refused(generator: MusicGenerator, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"lasts 0.5 s: drop one of 1 s or more"):
        keep(sound(tmp_path / "x.wav", 0.5).read_bytes(), generator, tmp_path)


@pytest.mark.slow
def test_both_are_shown_on_the_page(url: str, video: Path, tmp_path: Path) -> None:
    with chromium() as browser, watched(browser) as page:
        page.goto(url)
        expect(page.locator("#choose")).to_contain_text("or a recording for it to sound like")
        page.locator("#file").set_input_files(video)
        expect(page.get_by_role("button", name="Remove the video")).to_be_visible()
        expect(page.locator("output[for=seconds]")).to_have_text("2 s")
        page.locator("#file").set_input_files(sound(tmp_path / "song.flac", 2.0))
        expect(page.get_by_label("The recording that the music is to sound like")).to_be_visible()
        expect(page.locator("#choose")).to_be_hidden()
        page.get_by_label("Steps").fill("4")
        page.get_by_role("button", name="Make music").click()
        expect(page.locator("#state")).to_have_text("Done.")
        piece = page.locator(".piece").first
        expect(piece).to_contain_text("For the video")
        expect(piece).to_contain_text("from audio, video")
        page.get_by_role("button", name="Remove the recording").click()
        page.get_by_role("button", name="Remove the video").click()
        expect(page.locator("#choose")).to_contain_text("Drop a picture here")
        piece.get_by_role("button", name="Ask again").click()
        expect(page.get_by_role("button", name="Remove the video")).to_be_visible()
