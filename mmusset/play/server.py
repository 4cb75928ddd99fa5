"""`mmusset play`: a trained model behind a page of this machine."""

from collections.abc import Callable
from pathlib import Path

from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.temporary_folder import TemporaryFolder
from mmusset.view.server import serve_app

from .studio import MusicStudio


async def serve(
    generator: MusicGenerator, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Serve the page until Ctrl-C or a SIGTERM; `ready` hears the address, token and all. What was
    made is gone then, but for what was saved from the page.

    Raises MmussetError where the port can't be listened on.
    """
    with TemporaryFolder() as folder:
        await serve_app(MusicStudio(generator, Path(folder)).app, host, port, ready)
