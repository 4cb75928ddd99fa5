"""Values are known again among however many."""

from mmusset.shards import first_seen
from mmusset.shards.first_seen import FirstSeen


def test_a_value_keeps_the_split_that_it_was_first_seen_in() -> None:
    seen = FirstSeen()
    assert seen.before("a group", "train") == ""
    assert seen.before("a group", "test") == "train"
    assert seen.before("a group", "test") == "train"


def test_values_are_known_again_once_they_are_sorted_into_columns(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(first_seen, "RECENT", 100)
    seen, count = FirstSeen(), 1007
    splits = ("train", "validation", "test")
    for number in range(count):
        assert seen.before(f"{number}", splits[number % 3]) == ""
    for number in range(0, count, 11):
        assert seen.before(f"{number}", "test") == splits[number % 3]
    assert seen.before("another", "test") == ""


def test_a_copy_goes_its_own_way() -> None:
    seen = FirstSeen()
    seen.before("a key", "train")
    other = seen.copy()
    other.before("another", "train")
    assert ("a key" in other, "another" in other, "another" in seen) == (True, True, False)
