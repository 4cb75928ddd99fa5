"""YAML of users and strangers: read into plain values, or refused in a line that says why."""

from dataclasses import dataclass
from typing import Any

import yaml

from .bounded import KB, size
from .safe_text import printable

MOST_BYTES = 256 * KB  # a recipe has 2 kB
# What aliases and merges stand for is counted each time: nine lines may be a billion values.
MOST_VALUES = 20_000
MOST_DEPTH = 50
MOST_DIGITS = 100  # of a number or a date: base 60 takes a time that grows with the square
# A value that is not what its tag says makes PyYAML's constructors fail in all these ways.
_NOT_AS_TAGGED = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:binary")


class NotYaml(Exception):
    """Why a text can't be taken for YAML, in one line."""


class _Loader(yaml.SafeLoader):
    """Looks no deeper than `MOST_DEPTH`: what it looks ahead takes a time that grows with the cube
    of the brackets that are open."""

    def fetch_flow_collection_start(self, token: Any) -> None:
        if self.flow_level >= MOST_DEPTH:
            raise NotYaml(_TOO_DEEP)
        super().fetch_flow_collection_start(token)


def read_yaml(text: str) -> Any:
    """The plain value that a YAML text writes. Raises NotYaml."""
    if len(text) > MOST_BYTES:
        raise NotYaml(f"it is longer than {size(MOST_BYTES)}")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, 1, {})
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise NotYaml(_problem_of(error)) from None
    except yaml.YAMLError as error:
        raise NotYaml(printable(str(error).partition("\n")[0])) from None
    except RecursionError:
        raise NotYaml(_TOO_DEEP) from None
    except _NOT_AS_TAGGED:
        raise NotYaml("a value is not what it is tagged or looks like") from None


_TOO_DEEP = f"it is nested more than {MOST_DEPTH} deep"


@dataclass(frozen=True, slots=True)
class _Extent:
    """How many values a node stands for, with all that aliases repeat, and how deep they nest."""

    values: int
    depth: int


def _measure(node: yaml.Node, at_depth: int, known: dict[int, _Extent]) -> _Extent:
    """The extent of a node that stands `at_depth`. Raises NotYaml for too large a one."""
    if at_depth > MOST_DEPTH:  # what holds itself has no end
        raise NotYaml(_TOO_DEEP)
    if id(node) not in known:
        parts = [_measure(part, at_depth + 1, known) for part in _parts(node)]
        depth = 1 + max((part.depth for part in parts), default=0)
        known[id(node)] = _Extent(1 + sum(part.values for part in parts), depth)
    extent = known[id(node)]
    if extent.values > MOST_VALUES:
        raise NotYaml(f"it holds more than {MOST_VALUES:,} values")
    if at_depth + extent.depth - 1 > MOST_DEPTH:
        raise NotYaml(_TOO_DEEP)
    return extent


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if node.tag not in _TEXTS and len(node.value) > MOST_DIGITS:
        raise NotYaml(f"a number or date has more than {MOST_DIGITS} characters")
    return []


def _problem_of(error: yaml.MarkedYAMLError) -> str:
    """`line 3, column 4: found a tab`."""
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + printable(error.problem or error.context or "it is not YAML")
