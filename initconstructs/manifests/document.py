"""One manifest as it was read: its data, where it stands, and the line of any field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import yaml

from initconstructs.manifests.field_path import parse_path


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateKey:
    """A key that its mapping holds already; the API server refuses it, other readers take the last value."""

    path: str
    line: int
    column: int


class _MarksLoader(yaml.CSafeLoader):
    """Marks are all that is wanted: no tag is resolved."""

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:  # noqa: ARG002
        return "tag:yaml.org,2002:str"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A manifest with its origin. `index` counts the YAML documents of the file, from 0."""

    manifest: dict[str, object]
    file: str | None
    index: int
    duplicates: Sequence[DuplicateKey] = ()
    text: str = field(repr=False)
    first_line: int
    prefix: str = ""

    def position(self, path: str) -> tuple[int, int]:
        """Line and column, from 1, of the field or, where it is not written, of its nearest ancestor."""
        node = _root(self.text)
        mark = node.start_mark
        for segment in parse_path(self.prefix) + parse_path(path):
            step = _step(node, segment)
            if step is None:
                break
            mark, node = step[0].start_mark, step[1]
        return self.first_line + mark.line, mark.column + 1


@lru_cache(maxsize=8)
def _root(text: str) -> yaml.Node:
    """A document is parsed once more, with its marks, when a position is asked for; few are kept, they are large."""
    node = yaml.compose(text, Loader=_MarksLoader)
    assert node is not None
    return node


def _step(node: yaml.Node, segment: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that marks the child and the child itself."""
    if isinstance(node, yaml.SequenceNode) and segment.isdecimal():
        index = int(segment)
        return (node.value[index], node.value[index]) if index < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return _entry(node, segment)
    return None


def _entry(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    for key_node, value_node in reversed(mapping.value):
        if key_node.value == key:
            return key_node, value_node
        if key_node.value == "<<" and (found := _merged_entry(value_node, key)):
            return found
    return None


def _merged_entry(node: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found = (_entry(source, key) for source in sources if isinstance(source, yaml.MappingNode))
    return next(filter(None, found), None)
