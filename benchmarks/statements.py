"""What captions of real music state, without ears and with one, beside what people state.

    python benchmarks/statements.py --captions musiccaps.tsv [--write docs/heard.md]

Takes 100 pieces of free games' music (real_pieces.py, the first of its random order: nobody chose
them), has the offline speaker write about a clip of each without ears and with one, and counts by
attribute what the captions state, as the recogniser of captions reads them. The pictures are
landscapes painted at random. Prints a table; `--write` puts the first fifty captions into a page,
and a page with their sounds is in `--out`/page.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))

import numpy as np
from real_pieces import drawn, fetch, licence_of
from scenes import Traits, scene

from mmusset.builder import item_story
from mmusset.builder.ledger import file as ledger_file
from mmusset.shards.tar import read_shard
from mmusset.truth.extract import extract

LISTED = 50
BEGIN, END = "<!-- statements.py --write -->", "<!-- end -->"
# Of more, or of what musicians write about, first; other attributes are summed.
ATTRIBUTES = (
    *("instrument", "vocals", "genre", "mood", "percussion", "pulse", "tempo", "energy", "density"),
    *("key", "mode", "loudness", "dynamics", "brightness", "width"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A caption that a build wrote, and the claims in it with their tiers."""

    title: str
    licence: str
    text: str
    claims: Sequence[Mapping[str, str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", type=Path, required=True, help="MusicCaps as a table")
    parser.add_argument("--real", type=Path, default=Path("out/real"), help="music of games")
    parser.add_argument("--out", type=Path, default=Path("out/statements"))
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument("--ears", default="musicnn", help="names between commas")
    parser.add_argument("--write", type=Path, help="the page of fifty captions")
    options = parser.parse_args()
    source = options.out / "source"
    if not source.exists():
        lay_out(options.real, source, options.pieces)
    before = build(source, options.out / "before", "")
    after = build(source, options.out / "after", options.ears)
    _make_page(options.out / "after", options.out / "page")
    lines = options.captions.read_text(encoding="utf-8").splitlines()[1:]
    people = [[claim.attribute for claim in extract(line.split("\t")[0])] for line in lines]
    print_table(before, after, people)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        listed = "\n".join(_rows(after[:LISTED]))
        options.write.write_text(
            f"{head}{BEGIN}\n\n{listed}\n\n{END}{rest.split(END)[1]}", encoding="utf-8"
        )
    return 0


def lay_out(cache: Path, source: Path, pieces: int) -> None:
    """The pieces in `source`, a folder each so that none is grouped with another by its place, with
    a picture and their licence."""
    for number, piece in enumerate(drawn(fetch(cache))[:pieces]):
        folder = source / f"{number:03d} {piece.parent.name}"
        folder.mkdir(parents=True)
        shutil.copyfile(piece, folder / piece.name)
        said = {"license": licence_of(cache, piece)}
        (folder / piece.name).with_suffix(".json").write_text(json.dumps(said))
        rng = np.random.default_rng(number)
        traits = Traits(*(float(rng.random()) for _ in range(4)))
        scene(traits, f"statements {number}").save(folder / "cover.jpg", quality=88)


def build(source: Path, out: Path, ears: str) -> list[Written]:
    """The captions of a build with these ears, in the order of the pieces."""
    command = [sys.executable, "-m", "mmusset", "build", "--source", source, "--out", out]
    command += ["--set", f"ears=[{ears}]"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ})
    if done.returncode not in (0, 4):
        raise SystemExit(done.stderr)
    print(done.stdout, file=sys.stderr)
    found = {}
    for shard in sorted((out / "data").glob("*.tar")):
        for key, members in read_shard(shard):
            sample = json.loads(members["json"])
            with ledger_file.open_to_read(out) as ledger:
                (story,) = item_story.explain(ledger, key)
            path = os.fsdecode(story.item.piece.music.path)
            found[path] = Written(
                path,
                json.loads((source / path).with_suffix(".json").read_text())["license"],
                sample["caption"]["text"],
                sample["caption"]["claims"],
            )
    return [found[path] for path in sorted(found)]


def _make_page(out: Path, page: Path) -> None:
    shutil.rmtree(page, ignore_errors=True)
    command = [sys.executable, "-m", "mmusset", "view", out, "--export", page]
    subprocess.run(command, check=True, capture_output=True)


def print_table(
    before: Sequence[Written], after: Sequence[Written], people: Sequence[Sequence[str]]
) -> None:
    """Statements by attribute: the share of all, and in how many captions of a hundred there is
    one."""
    ours = (
        [[claim["attribute"] for claim in each.claims] for each in side] for side in (before, after)
    )
    sides = [*ours, people]
    print(f"| | {' | '.join(f'{len(side)} captions' for side in sides)} |")
    print("|---|---|---|---|")
    print(_row("statements in a caption", [f"{sum(map(len, s)) / len(s):.1f}" for s in sides]))
    others = {name for side in sides for row in side for name in row} - set(ATTRIBUTES)
    for name, of in [*((name, {name}) for name in ATTRIBUTES), ("others", others)]:
        print(_row(name, [_cell(side, of) for side in sides]))
    tiers = Counter(claim["tier"] for each in after for claim in each.claims)
    print(
        "\nwith ears, by tier:",
        ", ".join(f"{n} {tier or 'none'}" for tier, n in tiers.most_common()),
    )


def _cell(side: Sequence[Sequence[str]], names: Iterable[str]) -> str:
    wanted = set(names)
    said = sum(name in wanted for row in side for name in row)
    captions = sum(bool(wanted & set(row)) for row in side)
    total = sum(map(len, side))
    return f"{said / total:.1%} ({captions / len(side):.0%})"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _rows(captions: Sequence[Written]) -> Iterable[str]:
    yield "| | piece, of which package | licence, by the package | caption |"
    yield "|---|---|---|---|"
    for number, each in enumerate(captions, 1):
        folder, name = each.title.split("/")
        which = f"{Path(name).stem.replace('|', '/')}, {folder.split(' ', 1)[1]}"
        yield _row(str(number), [which, each.licence or "in its copyright file", each.text])


if __name__ == "__main__":
    sys.exit(main())
