"""What the recogniser finds in captions that people wrote.

    python benchmarks/recogniser.py musiccaps.tsv [--held-out] [--misses N]

The file has two columns, a caption and a list of aspects, as MusicCaps has them; it is read where
it lies, and nothing of it is kept. Its aspects are weak labels: where one says "slow tempo" and
the caption says so of the music as a whole, in whatever words, the claim should be found.
Whether a caption says so is told by patterns of this file's own, which know nothing of the
recogniser's. 500 captions, chosen by their hash, are kept apart and read only by --held-out.
"""

import argparse
import ast
import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from mmusset.intervals import wilson
from mmusset.truth.extract import extract

HELD_OUT = 500
# attribute, value: the aspects that say so, and the words by which a caption says so.
LABELS = {
    ("pulse", "slow"): (r"(?:very )?slow(?: tempo| paced| pace| song)?", r"slow(?:ly|[- ]paced)?"),
    ("pulse", "moderate"): (
        r"(?:medium|moderate|mid)[- ]?(?:tempo|pace)",
        r"(?:medium|moderate|mid)(?!-? ?to\b)",
    ),
    ("pulse", "fast"): (r"(?:very )?fast(?: tempo| paced)?|up-?tempo", r"fast|up-?tempo|quick"),
    ("percussion", "absent"): (
        r"no (?:percussions?|drums?)|drumless",
        r"(?:no|without(?: any)?) (?:other )?(?:percussions?|drums?|instruments?)",
    ),
    ("percussion", "present"): (
        r"(?:acoustic |electronic |digital |steady |energetic )?(?:drums|drumming|percussion)",
        r"drum\w*|percussi\w+",
    ),
    ("vocals", "present"): (
        r"(?:fe)?male (?:voice|vocals?|singer|vocalist)s?(?: singing)?",
        r"voices?|vocals?|singers?|vocalists?|sings?|singing",
    ),
    ("vocals", "absent"): (
        r"instrumental(?: music)?|no (?:voices?|singers?|vocals?)",
        r"(?:an? |is )(?:\w+ ){0,2}instrumental|no (?:voices?|singers?|vocals?)",
    ),
    ("energy", "calm"): (r"calm(?:ing)?|relaxed|easygoing", r"calm(?:ing)?|relaxed|easygoing"),
    ("energy", "energetic"): (
        r"energetic|lively|spirited|animated|vigorous",
        r"energetic|lively|spirited|animated|vigorous",
    ),
    ("loudness", "loud"): (r"loud", r"loud"),
    ("loudness", "quiet"): (r"soft|quiet", r"soft|quiet"),
    ("width", "mono"): (r"mono", r"mono"),
}
# Things are there wherever they are named; a quality is looked for where it is said of the whole.
THINGS = ("percussion", "vocals")
_ON = (
    r"(?:(?!\b(?:with|over|playing|plays|features?|featuring|by|while|can|could|may|like)\b)[^.;])*"
)
_WHOLE = r"(?:songs?|music|track|piece|tempo|atmosphere|mood|recording|instrumental|tune|ballad)"


def said(words: str, thing: bool) -> re.Pattern[str]:
    """Where a caption says words of the music as a whole."""
    if thing:
        return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    return re.compile(
        rf"\b(?:{_WHOLE}|it)\b(?: of this \w+)?\s+(?:is|sounds|has)\b{_ON}\b(?:{words})\b"
        rf"(?!-)(?! (?:rock|pop|hits?|kicks?|snare|melody|riff|drum|beat)| \w+ (?:melody|riff))"
        rf"|\b(?:{words})[- ](?:\w+ )?{_WHOLE}\b",
        re.IGNORECASE,
    )


def parts(path: Path) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
    """The captions to work with and those kept apart, each with its aspects in lower case."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    rows = [(caption, aspects) for caption, _, aspects in (line.partition("\t") for line in lines)]
    rows.sort(key=lambda row: hashlib.sha256(row[0].encode()).hexdigest())
    read = [(caption, [str(a).lower() for a in ast.literal_eval(text)]) for caption, text in rows]
    return read[HELD_OUT:], read[:HELD_OUT]


def labelled(rows: list[tuple[str, list[str]]]) -> Iterator[tuple[tuple[str, str], str, bool]]:
    """Each label that a caption's aspects give and its words say: label, caption, found."""
    for caption, aspects in rows:
        found = {(claim.attribute, claim.value) for claim in extract(caption)}
        for label, (aspect, words) in LABELS.items():
            named = any(re.fullmatch(aspect, each) for each in aspects)
            if named and said(words, label[0] in THINGS).search(caption):
                yield label, caption, label in found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--held-out", action="store_true", help="the 500 captions kept apart")
    parser.add_argument("--misses", type=int, default=0, help="print so many misses of each label")
    args = parser.parse_args()
    worked, kept = parts(args.data)
    rows = kept if args.held_out else worked
    results = list(labelled(rows))
    print("| claim | said | found | 95 % |\n|---|---|---|---|")
    for label in LABELS:
        found = [hit for each, _, hit in results if each == label]
        low, high = wilson(sum(found) / max(1, len(found)), len(found))
        share = f"{sum(found) / len(found):.3f}" if found else "none"
        print(f"| {' '.join(label)} | {len(found)} | {share} | {low:.2f}-{high:.2f} |")
        missed = [caption for each, caption, hit in results if each == label and not hit]
        for caption in missed[: args.misses]:
            print("   ", caption)
    hits = [hit for _, _, hit in results]
    low, high = wilson(sum(hits) / max(1, len(hits)), len(hits))
    print(f"| all | {len(hits)} | {sum(hits) / len(hits):.3f} | {low:.2f}-{high:.2f} |")
    start = time.process_time()
    for caption, _ in rows:
        extract(caption)
    print(f"\n{(time.process_time() - start) / len(rows) * 1000:.2f} CPU-ms a caption")


if __name__ == "__main__":
    main()
