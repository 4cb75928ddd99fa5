"""How varied is what the offline speaker writes?

    python benchmarks/diversity.py [SAMPLES]

Captions and stories are written for random evidence (explicit seeds). Prints distinct-2
over the first 20,000 tokens, self-BLEU-4 over 300 texts, the most common opening of four
words, and exact repeats. The figures stand in benchmarks/README.md.
"""

import asyncio
import math
import re
import sys
from collections import Counter
from random import Random

from mmusset.sample import (
    TONICS,
    AgentName,
    Attribute,
    Claim,
    Colour,
    ImageEvidence,
    Measured,
    MusicalKey,
    MusicEvidence,
    Tempo,
)
from mmusset.speakers.base import Brief, CaptionReply, StoryReply
from mmusset.speakers.offline import OfflineSpeaker

BUDGET_TOKENS = 20_000
BLEU_TEXTS = 300
VALUES: dict[Attribute, tuple[str, ...]] = {
    "tempo": tuple(str(bpm) for bpm in range(55, 191)),
    "pulse": ("slow", "moderate", "fast"),
    "key": tuple(f"{tonic} {mode}" for tonic in TONICS for mode in ("major", "minor")),
    "mode": ("major", "minor"),
    "loudness": ("quiet", "medium", "loud"),
    "dynamics": ("even", "varied"),
    "brightness": ("dark", "balanced", "bright"),
    "density": ("sparse", "steady", "busy"),
    "percussion": ("present", "absent"),
    "width": ("mono", "narrow", "wide"),
    "energy": ("calm", "moderate", "energetic"),
}
COLOURS = (
    *("midnight blue", "amber", "teal", "sand", "rust", "olive", "ivory", "charcoal", "rose"),
    *("sky blue", "forest green", "crimson", "lavender", "slate", "cream", "gold", "white"),
)


def random_claims(random: Random) -> tuple[Claim, ...]:
    """Four to nine claims of random values, the mode as the key has it."""
    values = {attribute: random.choice(options) for attribute, options in VALUES.items()}
    values["mode"] = values["key"].split()[1]
    kept = set(random.sample(sorted(values), random.randint(4, 9)))
    return tuple(
        Claim(attribute=attribute, value=values[attribute], text=f"{attribute} {values[attribute]}")
        for attribute in VALUES
        if attribute in kept
    )


def random_image(random: Random) -> ImageEvidence:
    """A picture of three to five colours and random measures."""
    names = random.sample(COLOURS, random.randint(3, 5))
    palette = tuple(
        Colour(name=name, hex="#000000", share=round(0.5 / (place + 1), 2))
        for place, name in enumerate(names)
    )
    measures = [Measured(value=random.random(), confidence=1.0) for _ in range(5)]
    return ImageEvidence(
        width_px=800,
        height_px=600,
        palette=palette,
        brightness=measures[0],
        warmth=measures[1],
        saturation=measures[2],
        contrast=measures[3],
        busyness=measures[4],
    )


def random_brief(number: int, agent: AgentName = "captioner") -> Brief:
    """The brief of sample `number`."""
    random = Random(number)
    nothing = Measured(value=0.0, confidence=0.0)
    return Brief(
        agent=agent,
        key=f"k{number:06d}",
        round=0,
        seed=0,
        music=MusicEvidence(
            duration_s=10.24,
            peak_dbfs=-3.0,
            tempo=Tempo(bpm=100.0, half_bpm=50.0, double_bpm=200.0, confidence=0.0),
            key=MusicalKey(
                tonic="C", mode="major", alternative="A minor", confidence=0.0, mode_confidence=0.0
            ),
            loudness_lufs=nothing,
            dynamic_range_db=nothing,
            brightness_hz=nothing,
            onset_density_hz=nothing,
            percussiveness=nothing,
            stereo_width=nothing,
            silence_share=nothing,
        ),
        image=random_image(random),
        image_sha256="0" * 64,
        sayable=random_claims(random),
        caption="",
        story="",
        faults=(),
        shared="",
        task="",
        prompt_sha256="0" * 64,
    )


def tokens(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return re.findall(r"[\w#'-]+|[^\w\s]", text.lower())


def grams(words: list[str], size: int) -> Counter[tuple[str, ...]]:
    """How often each run of `size` tokens occurs."""
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))


def distinct_2(texts: list[list[str]]) -> float:
    """Different pairs of tokens per pair, over the first 20,000 tokens (Li et al. 2016)."""
    pairs: Counter[tuple[str, ...]] = Counter()
    left = BUDGET_TOKENS
    for words in texts:
        pairs += grams(words[:left], 2)
        left -= len(words)
        if left <= 0:
            break
    return len(pairs) / pairs.total()


def self_bleu_4(texts: list[list[str]]) -> float:
    """Mean BLEU-4 of each text against all others (Zhu et al. 2018); lower is more varied."""
    counted = [[grams(words, size) for size in range(1, 5)] for words in texts]
    # The two largest counts of a run, and whose the largest is: the maximum over the others.
    best: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for index, sizes in enumerate(counted):
        for counts in sizes:
            for gram, count in counts.items():
                best[gram] = sorted([*best.get(gram, []), (count, index)], reverse=True)[:2]
    return sum(_bleu(i, texts, counted, best) for i in range(len(texts))) / len(texts)


def _bleu(
    index: int,
    texts: list[list[str]],
    counted: list[list[Counter[tuple[str, ...]]]],
    best: dict[tuple[str, ...], list[tuple[int, int]]],
) -> float:
    logs = 0.0
    for counts in counted[index]:
        hits = sum(
            min(count, next((c for c, owner in best[gram] if owner != index), 0))
            for gram, count in counts.items()
        )
        # A size without any hit counts a tenth of one (Chen and Cherry 2014, method 1).
        logs += math.log(max(hits, 0.1) / max(counts.total(), 1)) / 4
    length = len(texts[index])
    closest = min((abs(len(t) - length), len(t)) for i, t in enumerate(texts) if i != index)[1]
    return math.exp(min(0.0, 1 - closest / length)) * math.exp(logs)


def describe(name: str, texts: list[str]) -> None:
    """Print the figures of a set of texts."""
    split = [tokens(text) for text in texts]
    openings = Counter(tuple(words[:4]) for words in split)
    length = sum(len(text.split()) for text in texts) / len(texts)
    print(
        f"{name}: {len(texts)} texts, {length:.0f} words,"
        f" distinct-2 {distinct_2(split):.3f},"
        f" self-BLEU-4 {self_bleu_4(split[:BLEU_TEXTS]):.3f},"
        f" commonest opening {openings.most_common(1)[0][1] / len(texts):.1%},"
        f" repeats {len(texts) - len(set(texts))}"
    )


async def write(count: int) -> tuple[list[str], list[str]]:
    """Captions and stories for `count` random samples."""
    speaker = OfflineSpeaker()
    briefs = [(random_brief(n), random_brief(n, "story_writer")) for n in range(count)]
    captions = [(await speaker.speak(one, CaptionReply)).caption for one, _ in briefs]
    stories = [(await speaker.speak(other, StoryReply)).story for _, other in briefs]
    return captions, stories


def main() -> None:
    """Write, measure, print."""
    captions, stories = asyncio.run(write(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
    describe("captions", captions)
    describe("stories", stories)


if __name__ == "__main__":
    main()
