"""The page's web application: what is asked for becomes music, one piece at a time."""

import asyncio
from dataclasses import asdict, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import orjson
from aiohttp import web
from pydantic import Field, ValidationError
from torch import Tensor

from mmusset.bounded import MB
from mmusset.errors import MmussetError
from mmusset.frozen import Frozen
from mmusset.musflow.generate.generate import with_steps
from mmusset.musflow.generate.generator import GeneratedPiece, MusicGenerator
from mmusset.musflow.generate.nearest import TrainingClips
from mmusset.musflow.generate.requests import (
    BPM,
    MAX_SEED,
    MAX_TEXT,
    GenerationRequest,
    guidance_of,
)
from mmusset.musflow.sound.sound_file import hash_of, peak_safe, write_sound
from mmusset.musflow.sound.spectrogram import spectrogram
from mmusset.view.guard import Guard, honest
from mmusset.view.pages import static_file

from .dropped import file_of, keep

MOST_FILE_BYTES = 256 * MB
CLOSEST = 3
SECONDS = (0.5, 120.0)
OURS = ("play.js", "play.css")
VIEWS = ("style.css", "theme.js", "icon.svg")  # of `mmusset view`
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
TYPES |= {".flac": "audio/flac", ".png": "image/png", ".jpg": "image/jpeg"}
NO_STORE = {"Cache-Control": "no-store"}
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Id = Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")]  # of a file that was dropped


class AskedMusic(Frozen):
    """A piece as the page asks for it; `bpm` and `seconds` 0 leave it to the model."""

    image: Id = ""
    video: Id = ""
    audio: Id = ""
    story: Text = ""
    caption: Text = ""
    without: Text = ""
    guidance: Annotated[float, Field(ge=0, le=20)] = 3.0
    bpm: Annotated[float, Field(ge=0, le=BPM[1])] = 0.0
    seconds: Annotated[float, Field(ge=SECONDS[0], le=SECONDS[1])]
    steps: Annotated[int, Field(ge=1, le=200)]
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0


class MusicStudio:
    """One model as a web application. What was dropped and made lies in `folder`, by hashes."""

    def __init__(self, generator: MusicGenerator, folder: Path) -> None:
        self._generator, self._folder = generator, folder
        self._one_at_a_time = asyncio.Lock()
        self._made: dict[str, bytes] = {}  # JSON of each piece by its id, in order
        self._clips, self._no_clips = _training_clips(generator)

    def app(self, guard: Guard) -> web.Application:
        app = web.Application(
            middlewares=[guard.middleware, honest], client_max_size=MOST_FILE_BYTES
        )
        below = "/{token}"
        app.add_routes(
            [
                web.get(f"{below}/", self._page),
                web.get(f"{below}/static/{{name}}", self._static),
                web.get(f"{below}/api/model", self._model),
                web.get(f"{below}/api/made", self._history),
                web.post(f"{below}/api/file", self._take_file),
                web.post(f"{below}/api/make", self._make),
                web.get(f"{below}/{{kind:image|audio|made|clip}}/{{name}}", self._file),
            ]
        )
        return app

    async def _page(self, request: web.Request) -> web.Response:
        page = _own("index.html").decode()
        return web.Response(text=page, content_type="text/html", headers=NO_STORE)

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in OURS + VIEWS:
            raise web.HTTPNotFound
        data = _own(name) if name in OURS else static_file(name)
        kind = TYPES[Path(name).suffix]
        return web.Response(body=data, content_type=kind, headers={"Cache-Control": "no-cache"})

    async def _model(self, request: web.Request) -> web.Response:
        model, sampler = self._generator, self._generator.recipe.sampler
        facts = {
            "name": model.recipe.name,
            "from": model.source or model.folder.path.name,
            "weights": sum(each.numel() for each in model.model.parameters()),
            "rate_hz": model.codec.rate_hz,
            "seconds": model.seconds,
            "guidance": sampler.guidance,
            "steps": sampler.steps,
            "metronome": model.recipe.network.metronome,
            "video": bool(model.manifest.video_frames),
            "audio": "audio" in model.model.tokens,
            "no_clips": self._no_clips,
        }
        return _json(orjson.dumps(facts))

    async def _history(self, request: web.Request) -> web.Response:
        return _json(b"[" + b",".join(self._made.values()) + b"]")

    async def _take_file(self, request: web.Request) -> web.Response:
        """Keep a file that was dropped; gives what it is, and its id."""
        data = await request.read()
        dropped = await asyncio.to_thread(keep, data, self._generator, self._folder)
        return _json(orjson.dumps(asdict(dropped)))

    async def _make(self, request: web.Request) -> web.Response:
        try:
            asked = AskedMusic.model_validate_json(await request.read())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise web.HTTPBadRequest(text=f"{where}: {first['msg']}") from None
        async with self._one_at_a_time:
            return _json(await asyncio.to_thread(self._piece, asked))

    def _piece(self, asked: AskedMusic) -> bytes:
        """A piece's facts as JSON; it is made where it was not yet."""
        request = self._request(asked)
        sampler = with_steps(self._generator.recipe.sampler, asked.steps, None)
        name = hash_of(self._generator.tags(request, sampler))[:16]
        if name not in self._made:
            out = self._folder / f"made-{name}.flac"
            piece, sound = self._generator.write(replace(request, out=out), sampler)
            spectrogram([sound], piece.rate_hz).save(out.with_suffix(".png"))
            closest = self._nearest(sound) if self._clips else []
            self._made[name] = orjson.dumps(_facts(name, asked, piece, closest))
        return self._made[name]

    def _nearest(self, sound: Tensor) -> list[dict[str, object]]:
        """The training clips that sound most like a piece, each as a file that can be played."""
        assert self._clips
        nearest = self._clips.nearest(self._generator.audio_vector(sound), CLOSEST)
        for clip in nearest:
            out = self._folder / f"clip-{clip.key}.flac"
            if not out.exists():
                decoded, _ = peak_safe(self._generator.training_clip(clip.key))
                facts = {"training_clip": clip.key, "through": self._generator.codec.identity}
                write_sound(out, decoded, self._generator.codec.rate_hz, facts)
        return [asdict(clip) for clip in nearest]

    def _request(self, asked: AskedMusic) -> GenerationRequest:
        return GenerationRequest(
            self._folder / "made.flac",
            self._dropped("image", asked.image),
            asked.story.strip(),
            asked.caption.strip(),
            asked.bpm,
            asked.seconds,
            asked.seed,
            guidance_of([str(asked.guidance)]),
            without=asked.without.strip(),
            video=self._dropped("video", asked.video),
            audio=self._dropped("audio", asked.audio),
        )

    def _dropped(self, condition: str, name: str) -> Path | None:
        file = file_of(self._folder, condition, name)
        if name and not file.exists():
            raise MmussetError("a file that was dropped is gone; drop it again")
        return file if name else None

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A picture or sound that was dropped, a piece, its spectrogram, or a training clip."""
        kind, name = request.match_info["kind"], request.match_info["name"]
        path = self._folder / f"{kind}-{name}"
        if path.parent != self._folder or not path.is_file():
            raise web.HTTPNotFound(text="there is no such file")
        kept = {"Content-Type": TYPES[path.suffix], "Cache-Control": "private, max-age=600"}
        return web.FileResponse(path, headers=kept)


def _training_clips(generator: MusicGenerator) -> tuple[TrainingClips | None, str]:
    """The clips that a model was trained on, or why they can't be told."""
    try:
        return generator.training_clips(), ""
    except MmussetError:
        return None, "the cache of its training is not here"


def _facts(
    name: str, asked: AskedMusic, piece: GeneratedPiece, closest: list[dict[str, object]]
) -> dict[str, object]:
    return {
        "id": name,
        "asked": asked.model_dump(),
        "seconds": piece.seconds,
        "bpm": piece.bpm,
        "seed": piece.seed,
        "conditions": piece.conditions,
        "closest": closest,
    }


@cache
def _own(name: str) -> bytes:
    return (resources.files(__package__) / "static" / name).read_bytes()


def _json(data: bytes) -> web.Response:
    return web.Response(body=data, content_type="application/json", headers=NO_STORE)
