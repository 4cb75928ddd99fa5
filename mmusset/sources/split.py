"""Splits: whole groups are dealt out so that the splits come near their shares."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from mmusset.recipe_parts.source import SplitPart
from mmusset.sample_parts.piece import Split

# The largest share of all items that a group may have and still fill an empty split.
SMALL = 0.2
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def deal(
    sizes: Mapping[str, int],
    dealt: Mapping[str, Split],
    held: Mapping[str, int],
    part: SplitPart,
) -> dict[str, Split]:
    """Each group's split. `sizes` are the items that groups gain, `held` those that splits hold.

    A group that was `dealt` before stays where it is. A validation or test split that
    would stay empty gets the smallest new group, if that is small. The others come in an
    order drawn from the seed, each to the split that lacks most of its share.
    """
    splits = {group: dealt[group] for group in sizes if group in dealt}
    have = _count(held, sizes, splits)
    total = sum(held.values()) + sum(sizes.values())
    filled = [split for split in SPLITS if getattr(part, split) > 0]
    fresh = sorted(sizes.keys() - splits.keys(), key=lambda group: _draw(part.seed, group))
    for split in filled[1:]:
        small = [group for group in fresh if sizes[group] <= SMALL * total]
        if small and len(fresh) > 1 and not have[split]:
            splits[min(small, key=sizes.__getitem__)] = split
            fresh = [group for group in fresh if group not in splits]
            have = _count(held, sizes, splits)
    for group in fresh:
        lack = {split: getattr(part, split) * total - have[split] for split in filled}
        splits[group] = max(filled, key=lack.__getitem__)
        have[splits[group]] += sizes[group]
    return splits


def _count(
    held: Mapping[str, int], sizes: Mapping[str, int], splits: Mapping[str, Split]
) -> Counter[str]:
    """The items that each split holds once these groups are dealt."""
    have = Counter(held)
    for group, split in splits.items():
        have[split] += sizes[group]
    return have


def _draw(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed}:{group}".encode()).digest()
