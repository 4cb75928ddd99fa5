"""The examples of ADDING are the declarations that tests run, imports and all.

    python -m tests.docs.test_adding

copies them onto the page.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "ADDING.md"
EXAMPLE = re.compile(r"```python\n# (?P<file>tests/\S+\.py)\n.*?```\n", re.DOTALL)
SHOWN = re.compile(
    r"^# docs/ADDING\.md: from here\n(.*?)\n*^# docs/ADDING\.md: to here$",
    re.DOTALL | re.MULTILINE,
)


def example(file: str) -> str:
    """A test's imports and declaration, as the page shows them."""
    imports, declaration = SHOWN.findall((ROOT / file).read_text(encoding="utf-8"))
    # As ruff has it: two blank lines before a class or a function, else one.
    space = "\n\n\n" if declaration.startswith(("class ", "def ", "async ")) else "\n\n"
    return f"```python\n# {file}\n{imports}{space}{declaration}\n```\n"


def test_each_kind_of_addition_has_its_example() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = [match["file"] for match in EXAMPLE.finditer(text)]
    assert len(files) == text.count("```python") == len(re.findall("^## An? ", text, re.MULTILINE))
    for file in files:
        assert f"| `{file}` |" in text, "the table names the test to copy from"


@pytest.mark.parametrize(
    "shown", list(EXAMPLE.finditer(PAGE.read_text())), ids=lambda match: match["file"]
)
def test_the_page_shows_what_the_test_runs(shown: re.Match[str]) -> None:
    assert shown[0] == example(shown["file"]), "python -m tests.docs.test_adding copies it"


def main() -> None:
    """Copy each test's declaration onto the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(EXAMPLE.sub(lambda m: example(m["file"]), text), encoding="utf-8")


if __name__ == "__main__":
    main()
