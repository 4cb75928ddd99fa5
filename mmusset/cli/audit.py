"""The command that judges captions which exist."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    JsonOption,
    LogJsonOption,
    RecipeOption,
    SetOption,
    SourceArgument,
    load_recipe,
    log,
)

app = typer.Typer()


@app.command(rich_help_panel="Look at it")
def audit(
    source: SourceArgument,
    out: Annotated[
        Path | None, typer.Option(help="Where to write. [default: <source>-audit, beside it]")
    ] = None,
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Judge this many captions, drawn at random.")
    ] = None,
    as_json: JsonOption = False,
    log_json: LogJsonOption = False,
) -> None:
    """Judge existing captions by their own sound. Nothing is built.

    Each statement is supported, contradicted or unverifiable by a clip of the caption's music. The
    control judges the same captions by the next piece. Writes audit.html, with the hundred worst,
    and audit.json, with all.

    \b
    Examples:
      mmusset audit ~/Captioned
      mmusset audit ~/Captioned --sample 500 --set 'ears=[musicnn]'
    """
    from mmusset import pipeline
    from mmusset.auditing import show
    from mmusset.auditing.page import page
    from mmusset.builder.report import plain
    from mmusset.files import write_bytes_durably
    from mmusset.progress import for_terminal
    from mmusset.sources.choose import source_of
    from mmusset.sources.default_out import audit_out

    loaded = load_recipe(recipe, overrides, None)
    named = source_of(source, loaded.source.columns, as_written=True)
    folder = out or audit_out(source)
    with for_terminal(log_json) as progress:
        findings = pipeline.audit_captions(named, loaded, progress, sample)
    facts = json.dumps(plain(findings))
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes_durably(folder / "audit.html", page(findings).encode(), "audit")
    write_bytes_durably(folder / "audit.json", f"{facts}\n".encode(), "audit")
    print(facts if as_json else show.text(findings))
    log(f"all of it: {folder / 'audit.html'} and {folder / 'audit.json'}")
