"""A library as a person has it, of Debian's game music and wallpapers, scanned and built.

    python benchmarks/library.py [--cache out/real] [--folder out/library]

Fetches the packages that real_pieces.py names (2.3 GB at first) and mate-backgrounds, and lays out
a folder: an album for each of a dozen games, some with a cover, photos that belong to nothing, a
story and a caption. Then `mmusset scan` and `mmusset build --set pairing.mode=any` print what came
of it, with the CPU time that each took. docs/benchmarks.md has a run.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from real_pieces import fetch

ALBUMS = (
    *("btanks-data", "drascula-music", "flare-game", "freedroidrpg-data", "hedgewars-data"),
    *("hyperrogue-music", "naev-data", "supertux-data", "ufoai-music", "warzone2100-music"),
    *("wesnoth-1.16-music", "widelands-data"),
)
PIECES = 10  # of an album, at most
WITH_COVER = 2  # every second album
WALLPAPERS = "mate-backgrounds"
STORY = (
    "We had walked since the morning, and nobody knew the way any more. Then the trees stood"
    " further apart, and below us lay the whole valley with its river, as bright as if somebody"
    " had washed it.\n"
)
CAPTION = "A slow, quiet piece in A minor, with no drums.\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("out/real"), help="what is fetched")
    parser.add_argument("--folder", type=Path, default=Path("out/library"), help="what is made")
    options = parser.parse_args()
    source, out = options.folder / "My music", options.folder / "dataset"
    if not source.exists():
        _lay_out(fetch(options.cache), _pictures(options.cache), source)
    _run("scan", source, "--set", "pairing.mode=any")
    _run("build", "--source", source, "--out", out, "--set", "pairing.mode=any")
    return 0


def _pictures(cache: Path) -> list[Path]:
    """Photos and patterns, sorted by their names."""
    folder = cache / "wallpapers"
    if not folder.exists():
        debs = cache / "debs" / WALLPAPERS
        debs.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", WALLPAPERS], cwd=debs, check=True)
        subprocess.run(["dpkg", "-x", next(debs.glob("*.deb")), folder], check=True)
    return sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png"))


def _lay_out(pieces: list[Path], pictures: list[Path], source: Path) -> None:
    """The folder, under a name that it is only given once it is whole."""
    partial = source.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    photos = [path for path in pictures if path.parent.name == "nature"]
    # One is transparent, and nearly white without what it was made to lie on.
    patterns = (path for path in pictures if path.parent.name in ("abstract", "desktop"))
    covers = iter([path for path in patterns if "Transparent" not in path.name])
    for number, album in enumerate(ALBUMS):
        folder = partial / album.partition("-")[0].title()
        folder.mkdir(parents=True)
        for piece in [path for path in pieces if path.parent.name == album][:PIECES]:
            shutil.copy(piece, folder)
        if number % WITH_COVER == 0:
            cover = next(covers)
            shutil.copy(cover, folder / f"cover{cover.suffix}")
    (partial / "Photos").mkdir()
    for photo in photos:
        shutil.copy(photo, partial / "Photos")
    first, second = sorted((partial / "Hedgewars").glob("*.ogg"))[:2]
    first.with_suffix(".txt").write_text(STORY)
    second.with_suffix(".caption.txt").write_text(CAPTION)
    partial.rename(source)


def _run(*words: str | Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "mmusset", *words], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"-- {words[0]}: {used_s:.0f} CPU-s\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
