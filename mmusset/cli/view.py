"""The command that shows a dataset."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def view(
    out: Annotated[Path, typer.Argument(help="A dataset that `mmusset build` made or makes.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    host: Annotated[
        str,
        typer.Option(help="Listen there; 0.0.0.0 lets others in who have the token, unencrypted."),
    ] = "127.0.0.1",
    open_: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Open it in the browser; other users of the machine may see its command line, with"
            " the token.",
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write it as files into a new folder, to open or to host."
        ),
    ] = None,
) -> None:
    """Look at a dataset and listen to it, mark samples, see what was lost and why.

    \b
    Examples:
      mmusset view music
      mmusset view music --export music-pages
    """
    if export:
        from mmusset.training.progress import for_terminal
        from mmusset.view.export import export as write

        progress = for_terminal(log_json=False)
        try:
            print(write(out, export, progress))
        finally:
            progress.stop()
        return
    from mmusset.view.server import serve

    def ready(url: str) -> None:
        print(url, flush=True)
        if open_:
            import webbrowser

            webbrowser.open(url)

    asyncio.run(serve(out, host, port, ready))
