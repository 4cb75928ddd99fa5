"""Media have nobody to talk to: formats by a list, no protocol, and decoders without a network."""

import asyncio
import socket
import threading
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.errors import Unusable
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.recipe_parts.media import LimitsPart
from tests.support.media import piece

# Texts that FFmpeg takes for media, whatever their names are, and which send it elsewhere.
SESSION = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=a session
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:10
#EXTINF:10,
http://127.0.0.1:{port}/first.ts
"""
LIST = """ffconcat version 1.0
file 'http://127.0.0.1:{port}/first.wav'
"""


def udp_ports() -> set[int]:
    """The UDP ports that this machine listens on."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}


@pytest.mark.parametrize("text", [SESSION, PLAYLIST, LIST], ids=["session", "playlist", "list"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "m4a"])
def test_a_text_that_names_a_host_opens_no_socket(tmp_path: Path, text: str, suffix: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1] & ~1  # RTP takes an even port, and the next
        path = tmp_path / f"song.{suffix}"
        path.write_text(text.format(port=port))
        opened, done = set[int](), threading.Event()

        def watch() -> None:
            while not done.wait(0.01):
                opened.update(udp_ports() & {port, port + 1})

        before = udp_ports()
        watching = threading.Thread(target=watch)
        watching.start()
        try:
            with pytest.raises(Unusable), MediaFile(path) as media:
                open_sound(media)
        finally:
            done.set()
            watching.join()
        assert opened <= before
        with pytest.raises(BlockingIOError):
            server.accept()


def encode_as(path: Path, container_format: str, codec: str) -> Path:
    """A tenth of a second of silence in that format and codec, whatever the name says."""
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.int16), "s16", "mono")
        frame.rate = 44100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    ("container_format", "codec", "why"),
    [
        ("wav", "pcm_s16le", ""),
        ("wav", "adpcm_yamaha", "its codec, adpcm_yamaha, is not among those read"),
        ("caf", "pcm_s16be", "its format is not among those read"),
        ("au", "pcm_s16be", "its format is not among those read"),
    ],
)
def test_formats_and_codecs_are_taken_by_a_list(
    tmp_path: Path, container_format: str, codec: str, why: str
) -> None:
    path = encode_as(tmp_path / "song.m4a", container_format, codec)
    if not why:
        with MediaFile(path) as media:
            assert open_sound(media).channels == 1
        return
    with pytest.raises(Unusable, match=why), MediaFile(path) as media:
        open_sound(media)


def test_decoders_have_no_network(tmp_path: Path) -> None:
    """Where the system allows namespaces at all; else the lists are all that there is."""
    if not namespaces_are_allowed():
        pytest.skip("this system gives no network namespace")
    piece(tmp_path / "song.wav", 1)

    async def networks() -> tuple[str, list[str]]:
        async with Sandbox(LimitsPart(workers=1)) as sandbox:
            await sandbox.survey(tmp_path / "song.wav", "music", 1024)
            (seat,) = sandbox._decoders.seats.free
            assert seat.holder
            routes = Path(f"/proc/{seat.holder.pid}/net/route").read_text().splitlines()[1:]
            return Path(f"/proc/{seat.holder.pid}/ns/net").readlink().name, routes

    theirs, routes = asyncio.run(networks())
    assert theirs != Path("/proc/self/ns/net").readlink().name
    assert routes == []


def test_decoders_know_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "LANGSMITH_API_KEY"):
        monkeypatch.setenv(name, f"planted-in-{name}")
    piece(tmp_path / "song.wav", 1)

    async def known() -> bytes:
        async with Sandbox(LimitsPart(workers=1)) as sandbox:
            await sandbox.survey(tmp_path / "song.wav", "music", 1024)
            (seat,) = sandbox._decoders.seats.free
            assert seat.holder
            return Path(f"/proc/{seat.holder.pid}/environ").read_bytes()

    environment = asyncio.run(known())
    assert b"OMP_NUM_THREADS=1" in environment
    assert b"planted-in" not in environment


def namespaces_are_allowed() -> bool:
    """Asked of the system's own tool."""
    import subprocess

    words = ["unshare", "--net", "--map-root-user", "true"]
    with suppress(FileNotFoundError):
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    return False
