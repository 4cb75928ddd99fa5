"""What a confidence is worth: fits the constants that make it a probability, and tries them.

    python benchmarks/calibrate.py fit [--folder out/bench] [--write | --check]
    python benchmarks/calibrate.py try [--folder out/bench] [--write]

`fit` listens to the clips of two sets of `renders.py` (FluidSynth, two sound fonts, and the
corpus.json that `corpus.py` writes) and prints mmusset/calibrated.py; `--write` writes it,
`--check` ends with 1 where the file says otherwise. `try` measures a third set, which shares
neither sound font nor score with those, and prints for each attribute the expected calibration
error and its noise floor, coverage and precision of what is said at the recipe's certainty;
`--write` (needs matplotlib) writes them to docs/benchmarks.md, mmusset/measurements/tried.py and
docs/reliability.svg.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import fitting
import reliability
import renders
from reliability import Said, Worth

ROOT = Path(__file__).parents[1]
CALIBRATED = ROOT / "mmusset/calibrated.py"
TRIED = ROOT / "mmusset/measurements/tried.py"
FIRST_MARK, LAST_MARK = "<!-- calibrate.py try --write -->", "<!-- end -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("fit", "try"))
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", action="store_true", help="write what was found")
    parser.add_argument("--check", action="store_true", help="fit: end with 1 if it isn't there")
    options = parser.parse_args()
    if options.what == "try":
        return attempt(options.folder, options.write)
    text = calibrated_text(fitting.fitted(options.folder))
    print(text)
    if options.check and text != CALIBRATED.read_text():
        print(f"{CALIBRATED} has other constants", file=sys.stderr)
        return 1
    if options.write:
        CALIBRATED.write_text(text)
    return 0


def calibrated_text(constants: Mapping[str, object]) -> str:
    """The text of mmusset/calibrated.py; what stands above its first constant is kept."""
    first = next(iter(constants))
    head = CALIBRATED.read_text().partition(f"\n{first} =")[0]
    return "\n".join([head, *(f"{name} = {value}" for name, value in constants.items()), ""])


def attempt(folder: Path, write: bool) -> int:
    """The tables of the third set; with `write`, all that shows them."""
    said: dict[str, list[Said]] = {}
    for clip in renders.clips(renders.TRIED, folder):
        for name, each in reliability.said_of(clip).items():
            said.setdefault(name, []).append(each)
    worths = {name: reliability.worth(each) for name, each in said.items()}
    tables = f"{reliability.table(worths)}\n\n{reliability.parts_table(said)}"
    print(tables)
    if write:
        reliability.draw(said, ROOT / "docs/reliability.svg")
        TRIED.write_text(tried_text(worths))
        between_marks(ROOT / "docs/benchmarks.md", tables)
    return 0


def tried_text(worths: Mapping[str, Worth]) -> str:
    """The text of mmusset/measurements/tried.py; what stands above the numbers is kept."""
    head = TRIED.read_text().partition("\nRIGHT_OF_SAID =")[0]
    lines = [f'    "{name}": ({each.said_right}, {each.said}),' for name, each in worths.items()]
    return "\n".join([head, "RIGHT_OF_SAID = {", *lines, "}", ""])


def between_marks(path: Path, text: str) -> None:
    """Put a text between the two comments that say where it stands."""
    before, first, rest = path.read_text().partition(FIRST_MARK)
    _, last, after = rest.partition(LAST_MARK)
    if not last:
        raise ValueError(f"{path} has no {FIRST_MARK} before a {LAST_MARK}")
    path.write_text(f"{before}{first}\n\n{text}\n\n{last}{after}")


if __name__ == "__main__":
    sys.exit(main())
