"""Commands that show what a dataset holds, and take marks on it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import ChangedArgument, DatasetArgument, JsonOption, log, show

app = typer.Typer()
GROUP = "Look at it"


@app.command(rich_help_panel=GROUP)
def status(dataset: DatasetArgument, as_json: JsonOption = False) -> None:
    """Show what became of every item found, and why.

    found = accepted + rejected + failed + skipped + undecided, each with its reason.

    Example: mmusset status music
    """
    from mmusset.builder import report
    from mmusset.builder import show as texts
    from mmusset.builder.ledger import file as ledger_file

    with ledger_file.open_to_report(dataset) as ledger:
        show(report.status(ledger), texts.status, as_json)


@app.command(rich_help_panel=GROUP)
def explain(
    dataset: DatasetArgument,
    item: Annotated[str, typer.Argument(help="A sample's key, or the path of a file.")],
    as_json: JsonOption = False,
) -> None:
    """Show all about one item: evidence, agents' turns, verdict, shard.

    Example: mmusset explain music "loose/rain walk.ogg"
    """
    from mmusset.builder import item_story, show_item
    from mmusset.builder.ledger import file as ledger_file

    with ledger_file.open_to_read(dataset) as ledger:
        show(item_story.explain(ledger, item), show_item.stories, as_json)


@app.command(rich_help_panel=GROUP)
def verify(dataset: DatasetArgument, as_json: JsonOption = False) -> None:
    """Check every shard: checksums, members, media, claims, splits.

    Media must decode, claims must agree with the evidence, and no group may be in two splits.

    Example: mmusset verify music
    """
    from mmusset.builder import report
    from mmusset.progress import for_terminal
    from mmusset.shards.verify import verify as check

    with for_terminal() as progress:
        samples, problems = check(dataset, progress)
    if as_json:
        print(json.dumps({"samples": samples, "problems": report.plain(problems)}))
    else:
        for problem in problems:
            print(f"{problem.where}: {problem.what}")
        print(f"{samples} samples read, {len(problems) or 'no'} problems")
    raise typer.Exit(1 if problems else 0)


@app.command(rich_help_panel=GROUP)
def view(
    dataset: DatasetArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 lets in everyone who has the token, unencrypted."
        ),
    ] = "127.0.0.1",
    open_: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Open it in the browser; other users of the machine may see the browser's command"
            " line, with the token.",
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the pages as files into a new folder, to open or host."
        ),
    ] = None,
) -> None:
    """Look at a dataset, listen to it, mark samples, see what was lost.

    \b
    Examples:
      mmusset view music
      mmusset view music --export music-pages
    """
    if export:
        from mmusset.progress import for_terminal
        from mmusset.view.export import export as write

        with for_terminal() as progress:
            print(write(dataset, export, progress))
        return
    import asyncio

    from mmusset.view.server import serve

    def ready(url: str) -> None:
        print(url, flush=True)
        if open_:
            import webbrowser

            webbrowser.open(url)

    asyncio.run(serve(dataset, host, port, ready))


@app.command(rich_help_panel=GROUP)
def mark(
    dataset: ChangedArgument,
    item: Annotated[
        str, typer.Argument(metavar="KEY|PATH", help="A sample's key, or the path of its music.")
    ],
    verdict: Annotated[
        Literal["keep", "drop", "fix", "none"] | None,
        typer.Argument(help="none removes a mark and your words."),
    ] = None,
    note: Annotated[str, typer.Option(help="Why, or what needs fixing.")] = "",
    caption: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Your words, in place of its caption.")
    ] = None,
    story: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Your words, in place of its story.")
    ] = None,
) -> None:
    """Mark a sample to keep, drop or fix, or write its texts yourself.

    `mmusset build --apply-marks` applies it to the dataset. Your words stand, whatever was measured
    and whoever writes the rest later; what measurements contradict is shown.

    \b
    Examples:
      mmusset mark music 57cddd5f60c701885115b5a1 drop --note "the wrong cover"
      mmusset mark music 57cddd5f60c701885115b5a1 fix --note 'no "E major", please'
      mmusset mark music "loose/rain walk.ogg" --caption "A slow waltz on an accordion."
    """
    from mmusset.builder import marks, show_item
    from mmusset.errors import UsageError
    from mmusset.shards.mirror import dataset_to_change

    has_words = caption is not None or story is not None
    if verdict is None and not has_words:
        raise UsageError("say keep, drop, fix or none, or give --caption or --story")
    if verdict == "none" and has_words:
        raise UsageError("none takes your words away: give it without --caption and --story")
    with dataset_to_change(dataset) as folder:
        key = marks.key_of(folder, item)
        if verdict == "none":
            marks.forget_all(folder, key)
            return
        if has_words:
            marks.save_words(folder, key, caption, story)
            print(show_item.words_saved(marks.read_claims(folder, key, caption or "")))
        if verdict:
            marks.save_mark(folder, marks.Mark(key, verdict, note))


@app.command(rich_help_panel=GROUP)
def remove(
    dataset: ChangedArgument,
    item: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY|PATH", help="A sample, or its music; repeatable."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="A file or folder of the source; repeatable."),
    ] = None,
    why: Annotated[str, typer.Option(help="The reason; the card shows it.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take pieces out of a dataset for good.

    Its shards are written anew. Samples, texts, replies and names go, from the ledger too, and
    later builds leave the pieces out. A record of when, why and how many remains. Your own files
    are not touched.

    \b
    Examples:
      mmusset remove music --item 57cddd5f60c701885115b5a1 --why "the owner asked"
      mmusset remove music --source "Ann/Album" --why "no licence" --dry-run
    """
    import asyncio

    from mmusset.builder import remove as removing
    from mmusset.errors import UsageError
    from mmusset.publish.card import write_card_if_free
    from mmusset.shards.mirror import dataset_to_change, dataset_to_read
    from mmusset.text import counted

    named = (tuple(item or ()), tuple(source or ()))
    planned = removing.to_remove(dataset_to_read(dataset), *named)
    if dry_run:
        show(planned, removing.ToRemove.text, as_json)
        return
    if not yes and not sys.stdin.isatty():
        raise UsageError("no terminal to ask on: give --yes, or --dry-run to see what would go")
    question = f"Remove {counted(len(planned.music), 'piece')} for good?"
    for each in planned.staying if not yes else ():
        log(each.text())
    if planned.music and not yes and not typer.confirm(question, err=True):
        print("nothing was removed")
        return
    with dataset_to_change(dataset) as folder:
        done = asyncio.run(removing.remove(folder, *named, why))
        if done.finished:
            write_card_if_free(folder, log)
    show(done, removing.Removed.text, as_json)
