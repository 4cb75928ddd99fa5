"""What is said of a trait or an amount, in the ways in which sentences say it."""

import pytest

from mmusset.measurements.said import Amount, Trait, find

VALUES = ("low", "middle", "high")
HEAT = (
    Trait(
        "heat|warmth",
        words={"low": "faint|small", "middle": "medium", "high": "great|fierce"},
        verbs={"high": "scorches"},
    ),
    Amount("sparks?", much="high", little="low", counted=True),
    Amount("glow", much="high", little="low"),
)
# A text, and each value that it says, with the words.
TEXTS = {
    "The heat is faint.": "low: heat is faint",
    "The heat of the whole piece remains rather faint.": (
        "low: heat of the whole piece remains rather faint"
    ),
    "Heat: fierce.": "high: Heat: fierce",
    "The heat's fierce.": "high: heat's fierce",
    "A fierce overall heat.": "high: fierce overall heat",
    "Great in warmth.": "high: Great in warmth",
    "The heat scorches.": "high: heat scorches",
    # Another word beside it may claim something of its own.
    "A fierce, dry heat.": "high: fierce",
    # denials
    "The heat is not fierce.": "not high: heat is not fierce",
    "The heat is anything but small.": "not low: heat is anything but small",
    "The heat is neither faint nor fierce.": (
        "not low: heat is neither faint|middle: heat is neither faint nor fierce"
    ),
    # amounts
    "It is full of sparks.": "high: full of sparks",
    "Few sparks fly.": "low: Few sparks",
    "There are no lovely sparks, only strong sparks.": "",  # sparks are counted
    "Without any glow.": "low: Without any glow",
    "A strong red glow.": "high: strong red glow",
    "The glow is weak.": "low: glow is weak",
    # neither
    "The heat was said to be a matter of taste; sparks, glow.": "",
    "Preheat is fierce.": "",
}


@pytest.mark.parametrize(("text", "said"), TEXTS.items())
def test_texts(text: str, said: str) -> None:
    found = sorted(find(text, HEAT, VALUES))
    assert [f"{value}: {text[start:end]}" for start, end, value in found] == [
        each for each in said.split("|") if each
    ]


def test_of_two_values_what_is_denied_is_the_other() -> None:
    steady = (Trait("level", verbs={"varied": "changes?"}),)
    text = "The level hardly changes."
    assert [text[s:e] + ": " + v for s, e, v in find(text, steady, ("even", "varied"))] == [
        "level hardly changes: even"
    ]


def test_a_word_that_is_repeated_is_read_in_one_way() -> None:
    """Otherwise this would take as many steps as 2 to the power of 400."""
    text = "The heat is " + "really hardly very " * 400 + "odd."
    assert list(find(text, HEAT, VALUES)) == []
