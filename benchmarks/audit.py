"""Does an audit find the captions that are wrong?

    apt-get install fluidsynth fluid-soundfont-gm
    python benchmarks/audit.py [--out out/bench/audit] [--pieces 120] [--seed 3]

Pieces are composed, rendered and mastered here, so that tempo, key, mode, drums and loudness are
known without measuring. Each gets a caption in the manner of one of the writers of `mmusset bench
truth`; in every other one, one statement is false. `mmusset audit` then judges them by the sound. A
false statement is found where a claim of its attribute is contradicted; a false alarm is a true one
that is. What is not found is mostly unverifiable: the sound is not sure enough. Prints the table of
docs/benchmarks.md.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from random import Random

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))

import scores
from mastering import mastered

from mmusset.auditing.findings import AuditFindings
from mmusset.auditing.show import verdict
from mmusset.intervals import wilson
from mmusset.pipeline import audit_captions
from mmusset.recipe import Recipe
from mmusset.sample_parts.claims import Claim
from mmusset.sources.choose import source_of
from mmusset.truth.benchmark import free_styles

SECONDS = 12.0
LOUDNESS_LUFS = {"quiet": -30.0, "medium": -19.5, "loud": -11.0}
ATTRIBUTES = ("tempo", "key", "mode", "percussion", "loudness")
TRIES = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/bench/audit"), help="a cache")
    parser.add_argument("--pieces", type=int, default=120)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    folder = options.out / str(options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    planted = {}
    for number in range(options.pieces):
        truth = piece(folder, options.seed, number)
        planted[f"{number:04d}.flac"] = caption(folder, truth, options.seed, number)
    findings = audit_captions(source_of(folder), Recipe())
    report(findings, planted)
    return 0


def piece(folder: Path, seed: int, number: int) -> dict[str, str]:
    """A piece, rendered once; what is true of it, by attribute."""
    import soundfile

    rng, written = Random(f"piece {seed} {number}"), scores.random_piece(1000 * seed + number)
    loudness = rng.choice(list(LOUDNESS_LUFS))
    file = folder / f"{number:04d}.flac"
    if not file.exists():
        wav = file.with_suffix(".wav")
        scores.render(scores.compose(written), wav, gain=0.3)
        sound, rate_hz = soundfile.read(wav)
        wav.unlink()
        sound = mastered(sound[: round(SECONDS * rate_hz)], rate_hz, LOUDNESS_LUFS[loudness])
        soundfile.write(file, sound, rate_hz, subtype="PCM_16")
        print(file.name, file=sys.stderr, flush=True)
    return {
        "tempo": str(round(written.tempo_bpm)),
        "key": f"{written.tonic} {written.mode}",
        "mode": written.mode,
        "percussion": "present" if written.drums else "absent",
        "loudness": loudness,
    }


def caption(folder: Path, truth: dict[str, str], seed: int, number: int) -> str:
    """Write the piece's caption; gives the attribute of which it says what is false, or ""."""
    rng, styles = Random(f"caption {seed} {number}"), free_styles()
    for _ in range(TRIES):
        attributes = rng.sample(ATTRIBUTES, 3)
        if {"key", "mode"} <= {*attributes}:
            continue
        said = {name: truth[name] for name in attributes}
        planted = attributes[0] if number % 2 else ""
        if planted:
            said[planted] = wrong(planted, truth[planted], rng)
        claims = [Claim(attribute=n, value=v, text=f"{n} {v}") for n, v in said.items()]
        text = styles[rng.choice(sorted(styles))](claims, rng)
        if text:
            (folder / f"{number:04d}.caption.txt").write_text(text + "\n")
            return planted
    raise ValueError("no writer has words for that")


def wrong(attribute: str, value: str, rng: Random) -> str:
    """What is not true, and far enough from it that nobody would call it nearly so."""
    if attribute == "tempo":
        return str(round(int(value) * rng.choice((0.75, 1.3))))
    if attribute == "key":
        tonic, mode = value.split()
        moved = (scores.TONICS.index(tonic) + rng.choice((1, 2, 6, 10, 11))) % 12
        return f"{scores.TONICS[moved]} {mode}"
    if attribute == "loudness":
        return "quiet" if value == "loud" else "loud"
    return {"major": "minor", "minor": "major", "present": "absent", "absent": "present"}[value]


def report(findings: AuditFindings, planted: dict[str, str]) -> None:
    """The table: by attribute, what was found and what was wrongly blamed."""
    false, found, missed, true, alarms = (Counter[str]() for _ in range(5))
    for audited in findings.captions:
        fault = planted[audited.music_path]
        contradicted = {claim.attribute for claim in audited.contradicted}
        # A key tells a mode too, and the other way round.
        if fault:
            false[fault] += 1
            found[fault] += fault in contradicted
            verdicts = {c.verdict for c in audited.claims if c.attribute == fault}
            missed["not read" if not verdicts else "unverifiable" if "unverifiable" in verdicts
                   else "supported"] += fault not in contradicted  # fmt: skip
        for claim in audited.claims:
            if claim.attribute != fault:
                true[claim.attribute] += 1
                alarms[claim.attribute] += claim.verdict == "contradicted"
    print(json.dumps({"captions": len(findings.captions), "missed": missed}))
    print("| statements of | false | found | true | wrongly contradicted |\n|---|---|---|---|---|")
    for name in (*(n for n in true | false if n in ATTRIBUTES), "others", "all"):
        of = [n for n in {*true, *false} if name in ("all", n)
              or (name == "others" and n not in ATTRIBUTES)]  # fmt: skip
        counts = [sum(c[n] for n in of) for c in (false, found, true, alarms)]
        print(f"| {name} | {counts[0]} | {_share(*counts[1::-1])} | {counts[2]} |"
              f" {_share(counts[3], counts[2])} |")  # fmt: skip
    print(f"\n{' '.join(verdict(findings))}")


def _share(part: int, whole: int) -> str:
    low, high = wilson(part / max(whole, 1), whole)
    return f"{part / max(whole, 1):.1%} ({100 * low:.1f}-{100 * high:.1f})" if whole else ""


if __name__ == "__main__":
    sys.exit(main())
