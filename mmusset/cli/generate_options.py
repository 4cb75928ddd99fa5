"""The options of `mmusset generate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

CheckpointArgument = Annotated[
    str,
    typer.Argument(help="A training's folder, one checkpoint, or user/name on the Hub."),
]
ImageOption = Annotated[Path | None, typer.Option(help="A picture for the music to suit.")]
VideoOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A video to follow, by a model that learnt from videos."),
]
AudioOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A recording for the music to sound like.")
]
StoryOption = Annotated[str | None, typer.Option(help="A story, or a .txt file.")]
CaptionOption = Annotated[
    str | None, typer.Option(help="What the music sounds like, or a .txt file.")
]
BpmOption = Annotated[
    float | None,
    typer.Option(help="Its tempo. [default: what caption, story and picture say]"),
]
SecondsOption = Annotated[
    float | None, typer.Option(help="Its length. [default: that of the training clips]")
]
SeedOption = Annotated[
    list[int] | None, typer.Option(help="Another seed gives other music; repeatable.")
]
WithoutOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What it should not sound like, as a caption.")
]
ContinuedOption = Annotated[
    Path | None,
    typer.Option("--continue", metavar="FILE", help="A recording to continue."),
]
FillOption = Annotated[
    str | None,
    typer.Option(metavar="FROM:TO", help="Regenerate these seconds of --continue instead."),
]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Steps from noise to music.")]
SamplerOption = Annotated[
    Literal["euler", "midpoint", "ab2"] | None, typer.Option(help="The ODE solver.")
]
GuidanceOption = Annotated[
    list[str] | None,
    typer.Option(metavar="G|NAME=G", help="Guidance scale: 3, or image=4; repeatable."),
]
TableOption = Annotated[
    Path | None,
    typer.Option("--csv", help="A piece per row: image, story, caption, audio, bpm, ..."),
]
ClosestOption = Annotated[
    int, typer.Option(min=0, help="Show this many of the nearest training clips.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        help=".flac, .wav or .ogg, or with --csv a folder. [default: generated.flac, generated]"
    ),
]
