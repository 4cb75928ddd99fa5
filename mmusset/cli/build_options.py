"""The options of `mmusset build` that no other command has."""

from typing import Annotated

import typer

SourceOption = Annotated[
    str,
    typer.Option(metavar="SOURCE", help="A folder, a table, tars, hf://user/name, s3://..."),
]
OutOption = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER|URL",
        help="The dataset: a folder, or s3://bucket/name. [default: <source>-mmusset, here]",
    ),
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Take at most this many pieces.")]
SampleOption = Annotated[
    int | None, typer.Option(min=1, help="Take this many pieces at random, always the same.")
]
AcceptOption = Annotated[
    int | None, typer.Option(min=1, help="Stop at exactly this many accepted samples.")
]
BudgetOption = Annotated[
    int | None, typer.Option(min=1, help="With --accept: try at most this many candidates.")
]
ReRunOption = Annotated[
    list[str] | None,
    typer.Option(metavar="AGENT", help="Ask this agent again: its prompt or model changed."),
]
RetryFailedOption = Annotated[
    bool, typer.Option("--retry-failed", help="Try the failed items again, in new shards.")
]
ApplyMarksOption = Annotated[
    bool, typer.Option("--apply-marks", help="Apply people's marks: keep, drop, fix.")
]
WordsFromOption = Annotated[
    str | None,
    typer.Option(
        metavar="DATASET", help="Carry over what people wrote in another dataset's samples."
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        help="What decides items: local (this process), workers (`mmusset worker`), ray, slurm."
    ),
]
MeetOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Where workers find the build: s3://bucket/name, gs://, az://."
    ),
]
AddressOption = Annotated[
    str,
    typer.Option(help="With --engine ray: its address, or auto. [default: a cluster started here]"),
]
ServeOption = Annotated[
    bool, typer.Option("--serve", help="Start a vLLM server, and stop it at the end.")
]
ReplayOption = Annotated[
    bool,
    typer.Option("--replay", help="Write the shards again from the ledger; no model is called."),
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Read every shard in full, not just its size and time.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the plan; write nothing.")]
