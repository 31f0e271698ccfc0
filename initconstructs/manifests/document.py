"""One manifest as it was read: its data, where it stands, and the line of any field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import yaml

from initconstructs.manifests.field_path import parse_path


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateKey:
    """A key that its mapping holds already; the API server refuses it, other readers take the last value."""

    path: str
    line: int
    column: int


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
    """A document is parsed once more, for its marks, when a position is asked for; few are kept, they are large."""
    parser = yaml.CSafeLoader(text)
    _next(parser)  # stream start
    _next(parser)  # document start
    return _node(parser, _next(parser), {})


def _node(parser: yaml.CSafeLoader, event: yaml.Event, anchors: dict[str | None, yaml.Node]) -> yaml.Node:
    """What PyYAML composes, but without tags, and an anchor may be given anew, as YAML says and PyYAML refuses."""
    if isinstance(event, yaml.AliasEvent):
        return anchors[event.anchor]
    node: yaml.Node
    mark = cast("yaml.error.Mark", event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        node = yaml.ScalarNode("", event.value, mark)
    elif isinstance(event, yaml.SequenceStartEvent):
        node = yaml.SequenceNode("", [_node(parser, each, anchors) for each in _rest(parser)], mark)
    else:
        pairs = [(_node(parser, key, anchors), _node(parser, _next(parser), anchors)) for key in _rest(parser)]
        node = yaml.MappingNode("", pairs, mark)
    anchors[cast("yaml.NodeEvent", event).anchor] = node
    return node


def _rest(parser: yaml.CSafeLoader) -> Iterator[yaml.Event]:
    """The events up to the end of a list or a mapping."""
    while not isinstance(event := _next(parser), yaml.CollectionEndEvent):
        yield event


def _next(parser: yaml.CSafeLoader) -> yaml.Event:
    return cast("yaml.Event", parser.get_event())


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
