"""How varied the offline speaker's captions and stories are.

    python benchmarks/diversity.py

It writes 1,000 captions and 1,000 stories of random evidence and prints, for each,
distinct-2 within the first 20,000 tokens (Li et al. 2016, at a fixed budget), self-BLEU-4
of the first 300 (Zhu et al. 2018), the share of the commonest opening of four words,
exact duplicates, lengths, and how many are written in a second. Tokens are words and
punctuation marks in lower case. The numbers stand in docs/benchmarks.md.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import get_args

from mmusset.evidence.colour import NAMES
from mmusset.evidence.places import LIGHTER_PLACES
from mmusset.finetune.metrics import distinct, tokens
from mmusset.measured import Measured
from mmusset.measurements.key import TONICS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.pulse import SCALE as PULSE_WORDS
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import Colour, ImageEvidence, Place, Placed
from mmusset.speakers.offline import caption_grammar, story_grammar
from mmusset.text import word_count

TEXTS = 1000
COMPARED = 300  # texts in self-BLEU
CLAIMS = (4, 9)
UNSEEN = 0.1  # counts that stand for "no match" in BLEU (Chen and Cherry 2014, method 1)

MEASURES = ("brightness", "warmth", "saturation", "contrast", "busyness", "sharpness")
Ngram = tuple[str, ...]


def sayable(random: Random, least: int = CLAIMS[0], most: int = CLAIMS[1]) -> tuple[Claim, ...]:
    """Claims that evidence could carry: pulse goes with tempo, mode with key."""
    bpm, tonic = random.randint(50, 180), random.choice(TONICS)
    values: dict[str, str] = {m.name: random.choice(m.values) for m in MEASUREMENTS if m.scale}
    mode = random.choice(("major", "minor"))
    values |= {"tempo": str(bpm), "mode": mode, "key": f"{tonic} {mode}"}
    values["pulse"] = PULSE_WORDS.word(bpm)
    names = random.sample(sorted(values), random.randint(least, most))
    return tuple(Claim(attribute=n, value=values[n], text=f"{n} {values[n]}") for n in names)


def placed(random: Random, places: Sequence[Place]) -> Placed:
    """One of these places drawn at random, beyond doubt."""
    return Placed(where=random.choice(places), shape="area", confidence=1.0, filled=1.0)


def picture(random: Random) -> ImageEvidence:
    """Evidence on a picture, all of it sure: one to five colours and any shares."""
    names = random.sample(sorted({name for name, _ in NAMES}), random.randint(1, 5))
    shares = sorted((random.random() for _ in names), reverse=True)
    values = dict(NAMES)
    return ImageEvidence(
        width_px=512,
        height_px=512,
        palette=tuple(
            Colour(
                name=name,
                hex=values[name],
                share=share / sum(shares),
                purity=1.0,
                place=placed(random, get_args(Place)),
            )
            for name, share in zip(names, shares, strict=True)
        ),
        lightest=placed(random, LIGHTER_PLACES),
        **{name: Measured(value=random.random(), confidence=1.0) for name in MEASURES},
    )


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 (Papineni et al. 2002) of each text against all the others."""
    rows = [tokens(text) for text in texts[:COMPARED]]
    counts = [[_ngrams(row, n) for n in range(1, 5)] for row in rows]
    best = [_two_best([count[n] for count in counts]) for n in range(4)]
    lengths = [len(row) for row in rows]
    return sum(_bleu(i, counts, best, lengths) for i in range(len(rows))) / len(rows)


def top_opening(texts: Sequence[str], n: int = 4) -> float:
    """Share of the texts that begin with the commonest n tokens."""
    openings = Counter(tuple(tokens(text)[:n]) for text in texts)
    return openings.most_common(1)[0][1] / len(texts)


def _bleu(
    index: int,
    counts: list[list[Counter[Ngram]]],
    best: list[dict[Ngram, tuple[int, int, int]]],
    lengths: list[int],
) -> float:
    total = 0.0
    for n in range(4):
        own = counts[index][n]
        matched = 0.0
        for gram, count in own.items():
            most, where, second = best[n][gram]
            matched += min(count, second if where == index else most)
        total += math.log((matched or UNSEEN) / max(1, sum(own.values())))
    length = lengths[index]
    others = lengths[:index] + lengths[index + 1 :]
    closest = min(others, key=lambda other: (abs(other - length), other))
    penalty = min(0.0, 1 - closest / length)
    return math.exp(penalty + total / 4)


def _two_best(counts: list[Counter[Ngram]]) -> dict[Ngram, tuple[int, int, int]]:
    """Of each n-gram its highest count, the text that has it, and the next count elsewhere."""
    best: dict[Ngram, tuple[int, int, int]] = {}
    for index, counter in enumerate(counts):
        for gram, count in counter.items():
            most, where, second = best.get(gram, (0, -1, 0))
            if count > most:
                best[gram] = (count, index, most)
            else:
                best[gram] = (most, where, max(second, count))
    return best


def _ngrams(row: list[str], n: int) -> Counter[Ngram]:
    return Counter(zip(*(row[start:] for start in range(n)), strict=False))


def captions() -> list[str]:
    """A caption each for random claims."""
    return [
        caption_grammar.write(sayable(Random(f"claims {i}")), Random(f"caption {i}"))
        for i in range(TEXTS)
    ]


def stories() -> list[str]:
    """A story each for random pictures."""
    return [
        story_grammar.write(picture(Random(f"picture {i}")), "", Random(f"story {i}"))
        for i in range(TEXTS)
    ]


def main() -> None:
    """Print one line of numbers for captions, and one for stories."""
    print(
        "texts     distinct-2  self-BLEU-4  top opening  duplicates  words (least, mean, most)  /s"
    )
    for name, write in (("captions", captions), ("stories", stories)):
        began = time.process_time()
        texts = write()
        rate = TEXTS / (time.process_time() - began)
        lengths = sorted(word_count(text) for text in texts)
        print(
            f"{name:<9} {distinct(texts):>10.3f}  {self_bleu(texts):>11.3f}"
            f"  {top_opening(texts):>11.3f}  {TEXTS - len(set(texts)):>10}"
            f"  {lengths[0]:>6}, {sum(lengths) / TEXTS:.1f}, {lengths[-1]}{rate:>18.0f}"
        )


if __name__ == "__main__":
    main()
