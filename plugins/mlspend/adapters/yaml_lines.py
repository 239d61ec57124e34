"""Read YAML into plain values and remember the line of every key, so that an error can point at it.

Stricter than YAML: a key stands once, nothing is referred to by anchor, and numbers with a point are Decimal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing wrong at `place` (keys and list positions from the top); `line` counts from 1."""

    line: int
    place: Place
    message: str


@dataclass
class Document:
    """Plain values (dict, tuple, str, int, bool, Decimal, None), the line of each place, and what was wrong."""

    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        """Return the line of `place`, or of the nearest thing around it that stands in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read(path: Path) -> Document:
    """Read the one YAML document in the file `path`; OSError where the file cannot be read."""
    document = Document()
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        document.faults.append(Fault(line, (), "is not UTF-8 text: save the file as UTF-8"))
    except RecursionError:
        document.faults.append(Fault(1, (), "is nested too deeply to be read"))
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(error))
    else:
        if node is not None:
            document.data = _Reader(loader, document).value(node, ())
    return document


def _syntax_fault(error: yaml.YAMLError) -> Fault:
    # PyYAML's own text quotes the line, and names what it stumbled over; either may be a secret.
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    words = re.sub(r"'[^']{2,}'|\"[^\"]{2,}\"", "…", words)
    message = f"is not valid YAML ({words}): correct the indentation or quoting here"
    return Fault(mark.line + 1 if mark else 1, (), message)


class _Reader:
    """Turns YAML nodes into values, filling the lines and faults of one document."""

    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self.loader = loader
        self.document = document
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.document.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self.seen:
            self.fault(node, place, "is an alias (*name): write the value out, so that its line can be named")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self.pairs(node, place))
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.value(child, (*place, position)) for position, child in enumerate(node.value))
        return self.scalar(node, place)

    def pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(key_node, place, "has a list or a mapping as a key: a key is plain text")
                continue
            # A key is text whatever YAML makes of it: `off` and `2026` too.
            key = str(key_node.value)
            if key in first:
                self.fault(key_node, (*place, key), f"stands twice (first on line {first[key]}): keep one")
                continue
            first[key] = line
            self.document.lines[(*place, key)] = line
            yield key, self.value(value_node, (*place, key))

    def scalar(self, node: yaml.Node, place: Place) -> Any:
        if node.tag == "tag:yaml.org,2002:float":
            try:
                return Decimal(str(node.value).replace("_", ""))
            except InvalidOperation:
                self.fault(node, place, "is not a plain number: write it as digits with a point")
                return None
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.fault(node, place, "is not a value YAML knows: put it in quotes")
            return None

    def fault(self, node: yaml.Node, place: Place, message: str) -> None:
        self.document.faults.append(Fault(node.start_mark.line + 1, place, message))
