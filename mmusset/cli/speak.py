"""Commands about what writes the texts: models, their prompts, their server."""

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AdapterOption,
    JsonOption,
    ModelOption,
    PythonOption,
    RecipeOption,
    SetOption,
    SourceArgument,
    SpeakerOption,
    load_recipe,
    log,
    show,
)

app = typer.Typer()
GROUP = "Write with a model"


@app.command("try", rich_help_panel=GROUP)
def try_(
    path: Annotated[Path, typer.Argument(help="A piece of music or a video, with its picture.")],
    recipe: RecipeOption = "quickstart",
    overrides: SetOption = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take one file through the agents and print their turns.

    Nothing is kept.

    Example: mmusset try "song.mp3" --speaker vllm
    """
    from mmusset import pipeline
    from mmusset.builder import show_item

    story = pipeline.try_file(path, load_recipe(recipe, overrides, speaker), log)
    show([story], show_item.stories, as_json)


@app.command(rich_help_panel=GROUP)
def prompt(
    source: SourceArgument,
    agent: Annotated[str, typer.Argument(help="An agent's name, such as story_writer.")],
    item: Annotated[int, typer.Option(min=1, help="Which item, in the order of the plan.")] = 1,
    recipe: RecipeOption = "vllm",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print exactly what a model would be sent for one item.

    With --json, the whole picture too.

    Example: mmusset prompt ~/Music captioner --item 3
    """
    from mmusset import pipeline
    from mmusset.sources.choose import source_of
    from mmusset.speakers import chat

    loaded = load_recipe(recipe, overrides, "vllm")
    request = pipeline.prompt_of_item(source_of(source, loaded.source.columns), item, agent, loaded)
    show(request, chat.show, as_json)


@app.command(rich_help_panel=GROUP)
def serve(
    model: ModelOption = None,
    adapter: AdapterOption = None,
    python: PythonOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 8000,
    stub: Annotated[bool, typer.Option("--stub", help="Start a server without a model.")] = False,
    plan: Annotated[
        Path | None, typer.Option(help="With --stub: a YAML file of its slots, latency and faults.")
    ] = None,
) -> None:
    """Serve Qwen2-VL with vLLM, for `build --speaker vllm`.

    Ctrl-C stops all of it.

    \b
    Examples:
      mmusset serve --model Qwen/Qwen2-VL-7B-Instruct --adapter my-lora
      mmusset serve --stub
    """
    import asyncio

    from mmusset.agents import AGENTS
    from mmusset.speakers.stub import plan as stub_plan
    from mmusset.speakers.stub import server as stub_server
    from mmusset.speakers.vllm import serve as serving

    def ready(url: str) -> None:
        print(url, flush=True)

    if stub:
        asyncio.run(stub_server.serve(stub_plan.load(plan), AGENTS, port, ready))
        return
    served = serving.to_serve(model or serving.DEFAULT_MODEL, adapter, python, port, AGENTS)
    asyncio.run(serving.serve(served, ready, log))
