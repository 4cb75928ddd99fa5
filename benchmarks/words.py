"""How near captions are to what people write of music, and whether they are copied from it.

    python benchmarks/words.py CAPTIONS.txt --people musiccaps.tsv [--held-out]

`CAPTIONS.txt` holds a caption a line. People's captions are no part of the repository: `--people`
is a table whose first column holds them, below a line of headings. It prints

- the share of the captions' word pairs and triples that occur in people's captions. Tokens are
  those of `finetune.metrics.tokens`, with the ends of a caption as tokens of their own;
- runs of eight words that are copied from them, which there should be none of;
- the commonest sentence skeletons, each sentence with the words of its claims masked, and their
  share of the captions;
- distinct-2 within the first 20,000 tokens, and exact duplicates.

With --held-out only the fifth of people's captions by which nothing was tuned: those whose sha256
begins with a byte under 51.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from mmusset.finetune.metrics import distinct, tokens
from mmusset.text import sentences, word_count
from mmusset.truth.extract import extract

COPIED = 8  # words, whatever stands between them
HELD_OUT_BYTE = 51  # of 256
SHOWN = 10

Ngram = tuple[str, ...]


def people_of(table: Path, held_out: bool) -> list[str]:
    """The captions of the table's first column."""
    rows = [line.split("\t")[0] for line in table.read_text("utf-8").splitlines()[1:]]
    return [row for row in rows if not held_out or is_held_out(row)]


def is_held_out(caption: str) -> bool:
    """Whether nothing was tuned by a caption."""
    return sha256(caption.encode()).digest()[0] < HELD_OUT_BYTE


def ngrams(text: str, n: int) -> list[Ngram]:
    """Runs of n tokens, the ends of the text being tokens, too."""
    row = ["<s>", *tokens(text), "</s>"]
    return list(zip(*(row[start:] for start in range(n)), strict=False))


def shared(texts: Sequence[str], people: Sequence[str], n: int) -> float:
    """Share of the texts' runs of n tokens that people wrote as well."""
    known = {gram for text in people for gram in ngrams(text, n)}
    runs = [gram for text in texts for gram in ngrams(text, n)]
    return sum(gram in known for gram in runs) / max(1, len(runs))


def copied(texts: Sequence[str], people: Sequence[str]) -> list[str]:
    """Every run of eight words that stands in people's captions, too."""
    known = {gram for text in people for gram in _runs(text)}
    return sorted({" ".join(gram) for text in texts for gram in _runs(text) if gram in known})


def _runs(text: str) -> Iterator[Ngram]:
    row = [token for token in tokens(text) if token[0].isalnum()]
    return zip(*(row[start:] for start in range(COPIED)), strict=False)


def skeletons(texts: Sequence[str]) -> Counter[str]:
    """In how many texts each sentence skeleton stands."""
    return Counter(skeleton for text in texts for skeleton in set(_skeletons(text)))


def _skeletons(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        masked = sentence.strip()
        for claim in sorted(extract(sentence), key=lambda claim: -len(claim.text)):
            masked = masked.replace(claim.text, f"<{claim.attribute}>")
        yield masked


def main() -> None:
    """Print the numbers of a file of captions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--held-out", action="store_true")
    args = parser.parse_args()
    texts = list(filter(None, args.captions.read_text("utf-8").splitlines()))
    people = people_of(args.people, args.held_out)
    print(f"{len(texts)} captions against {len(people)} of people's")
    print(f"  word pairs that people write    {shared(texts, people, 2):.3f}")
    print(f"  word triples that people write  {shared(texts, people, 3):.3f}")
    print(f"  runs of {COPIED} that are copied       {len(runs := copied(texts, people))}")
    for run in runs[:SHOWN]:
        print(f"    {run}")
    print(f"  distinct-2                      {distinct(texts):.3f}")
    print(f"  exact duplicates                {len(texts) - len(set(texts))}")
    print(f"  words in the mean               {sum(map(word_count, texts)) / len(texts):.1f}")
    print("  commonest skeletons")
    for skeleton, count in skeletons(texts).most_common(SHOWN):
        print(f"    {count / len(texts):.3f}  {skeleton}")


if __name__ == "__main__":
    main()
