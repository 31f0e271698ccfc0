"""YAML → manifests, read as the API server reads it (see `scalars`), with the place of everything that is wrong.

Built on the events of libyaml, so that depth and the expansion of aliases are bounded while the text is read.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn, cast

import yaml

from initconstructs.manifests.document import Document, DuplicateKey
from initconstructs.manifests.field_path import format_path
from initconstructs.manifests.scalars import NotJsonError, plain_scalar
from initconstructs.manifests.unreadable import UnreadableManifest, UnrenderedTemplate

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
MAX_ALIASED_NODES = 100_000

_TOO_DEEP = f"more than {MAX_DEPTH} levels are nested here"
_TAG = "tag:yaml.org,2002:"
_TYPES_BY_TAG: Mapping[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_FLOAT = re.compile(r"-?[0-9]+(?=[.eE])(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TEMPLATE = re.compile(r"^[ \t]*(-[ \t]+)?(\{\{|[^#\n]*?:[ \t]+\{\{)", re.MULTILINE)


def load_yaml(source: str | bytes, *, file: str | None = None) -> list[Document]:
    """Every manifest in the text: all documents, lists (`kind: List`) taken apart, empty documents left out.

    Raises UnreadableManifest, with file, line, rule and remedy, for what the API server could not decode.
    """
    text = _text(source, file)
    try:
        return list(_Reader(text, file).documents())
    except yaml.MarkedYAMLError as error:
        _fail_on_error(text, file, error)
    except yaml.reader.ReaderError:
        _fail_on_character(text, file)


def _text(source: str | bytes, file: str | None) -> str:
    if len(source) > MAX_BYTES:
        remedy = "split it; the API server takes 3 MiB in one request"
        _fail(f"it holds more than {MAX_BYTES:,} bytes", "too-large", remedy, file)
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _fail("this is UTF-16", "not-utf-8", "save the file as UTF-8", file)
    if b"\0" in source:
        _fail("this is a binary file, not YAML", "binary-file", "name a file of Kubernetes manifests", file)
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        place = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        _fail(f"byte 0x{source[error.start]:02x} is not UTF-8", "not-utf-8", "save the file as UTF-8", file, place)


def _fail(
    problem: str, rule: str, remedy: str, file: str | None, place: tuple[int, int] | tuple[None, None] = (None, None)
) -> NoReturn:
    line, column = place
    raise UnreadableManifest(problem, rule=rule, remedy=remedy, file=file, line=line, column=column) from None


def _fail_on_error(text: str, file: str | None, error: yaml.MarkedYAMLError) -> NoReturn:
    problem, remedy = error.problem or str(error), "mend the YAML at this place"
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "maximum nesting depth" in problem:  # libyaml reads ahead, and since 0.2.6 has a limit of its own
        _fail(_TOO_DEEP, "too-deep", "flatten the document", file, place)
    if mark and text[mark.index : mark.index + 1] == "\t":
        problem, remedy = "a tab indents this line", "indent with spaces"
    _fail_on_syntax(text, file, problem, place, remedy)


def _fail_on_syntax(text: str, file: str | None, problem: str, place: tuple[int, int], remedy: str) -> NoReturn:
    if template := _TEMPLATE.search(text):
        raise UnrenderedTemplate(
            "this is a template, not YAML",
            rule="yaml-syntax",
            remedy="render it first, as by `helm template CHART | initconstructs check -`",
            file=file,
            line=text.count("\n", 0, template.end()) + 1,
            column=1,
        ) from None
    _fail(problem, "yaml-syntax", remedy, file, place)


def _fail_on_character(text: str, file: str | None) -> NoReturn:
    match = _UNPRINTABLE.search(text)
    start = match.start() if match else 0
    place = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    character = f"U+{ord(match[0]):04X}" if match else "a control character"
    remedy = "remove it, or write it as an escape in double quotes"
    _fail(f"{character} is not allowed in YAML", "yaml-syntax", remedy, file, place)


class _Reader:
    """Builds values from events; one for each text."""

    def __init__(self, text: str, file: str | None) -> None:
        self._text = text
        self._file = file
        self._parser = yaml.CSafeLoader(text)
        self._floats_stay = _is_json(text)
        self._path: list[str | int] = []
        self._duplicates: list[DuplicateKey] = []
        self._anchors: dict[str, tuple[object, int] | None] = {}
        self._nodes = self._aliased = 0

    def _next(self) -> yaml.Event:
        return cast("yaml.Event", self._parser.get_event())

    def documents(self) -> Iterator[Document]:
        """The manifests in their order."""
        self._next()  # stream start
        index = 0
        while isinstance(event := self._next(), yaml.DocumentStartEvent):
            self._anchors, self._duplicates = {}, []
            root = self._next()
            value = self._value(root)
            end = self._next()
            if value is not None:
                first, last = _mark(event), _mark(end)
                text = self._text[first.index - first.column : last.index]
                yield from self._manifests(value, index, text, root, _mark(event).line + 1)
            index += 1

    def _manifests(self, value: object, index: int, text: str, root: yaml.Event, first_line: int) -> Iterator[Document]:
        for prefix, manifest in _flattened(value):
            if not isinstance(manifest, dict):
                problem = f"{prefix or 'the document'} is a {_json_type(manifest)}, not an object"
                self._fail(problem, "not-an-object", "write apiVersion, kind and metadata", root)
            yield Document(
                manifest=manifest,
                file=self._file,
                index=index,
                duplicates=tuple(self._duplicates),
                text=text,
                first_line=first_line,
                prefix=prefix,
            )

    def _value(self, event: yaml.Event) -> object:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = cast("yaml.NodeEvent", event).anchor
        if anchor is None:
            return self._unanchored(event)
        self._anchors[anchor] = None
        before = self._nodes
        value = self._unanchored(event)
        self._anchors[anchor] = value, self._nodes - before + 1
        return value

    def _unanchored(self, event: yaml.Event) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(self._path) >= MAX_DEPTH:
            self._fail(_TOO_DEEP, "too-deep", "flatten the document", event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping()
        return self._sequence()

    def _alias(self, event: yaml.AliasEvent) -> object:
        if event.anchor not in self._anchors:
            remedy = "define it before its first use, in the same document"
            self._fail(f"nothing is anchored as &{event.anchor}", "unknown-anchor", remedy, event)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._fail(f"&{event.anchor} contains itself", "alias-expansion", "write the value out", event)
        value, size = anchored
        self._nodes += size
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            problem = f"the aliases expand to more than {MAX_ALIASED_NODES:,} values"
            self._fail(problem, "alias-expansion", "write the values out, or use fewer aliases", event)
        return value

    def _sequence(self) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._path.append(len(items))
            items.append(self._value(event))
            self._path.pop()
        return items

    def _mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {}
        merged: set[str] = set()
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if _is_merge(event):
                merged.update(self._merge(mapping, self._next()))
                continue
            key = self._key(event)
            self._path.append(key)
            if key in mapping and key not in merged:
                self._note_duplicate(event)
            merged.discard(key)
            mapping[key] = self._value(self._next())
            self._path.pop()
        return mapping

    def _merge(self, mapping: dict[str, object], event: yaml.Event) -> Iterator[str]:
        """As in go-yaml v2 a merge replaces keys written before it, and of several sources the first wins."""
        value = self._value(event)
        for source in reversed(value) if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                self._fail("`<<` merges mappings only", "yaml-syntax", "name an anchored mapping", event)
            mapping.update(source)
            yield from source

    def _key(self, event: yaml.Event) -> str:
        if isinstance(event, yaml.CollectionStartEvent):  # refused unread, however deep it is
            self._refuse_key("mapping" if isinstance(event, yaml.MappingStartEvent) else "list", event)
        value = self._value(event)
        if isinstance(value, str):
            return value
        if not isinstance(value, (bool, int, float)):
            self._refuse_key(_json_type(value), event)
        return json.dumps(value)

    def _refuse_key(self, what: str, event: yaml.Event) -> NoReturn:
        _fail_on_syntax(self._text, self._file, f"a key can't be a {what}", _place(event), "write the key as text")

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        if event.tag is not None and event.tag != "!":
            return self._tagged(event, event.tag)
        if not event.implicit[0]:
            return event.value
        try:
            value = plain_scalar(event.value)
        except NotJsonError as error:
            self._fail(str(error), "not-json", "write a number, or quote the text", event)
        return float(event.value) if self._floats_stay and _JSON_FLOAT.fullmatch(event.value) else value

    def _tagged(self, event: yaml.ScalarEvent, tag: str) -> object:
        if tag == f"{_TAG}binary":
            try:
                return base64.b64decode(event.value, validate=False).decode()
            except ValueError:
                self._fail("!!binary holds no text in base64", "not-json", "write the text itself", event)
        if tag not in _TYPES_BY_TAG:
            return event.value
        value = plain_scalar(event.value)
        if not isinstance(value, _TYPES_BY_TAG[tag]):
            name = tag.removeprefix(_TAG)
            self._fail(f"`{event.value}` is no {name}", "yaml-syntax", f"write a value of type {name}", event)
        return value

    def _note_duplicate(self, event: yaml.Event) -> None:
        line, column = _place(event)
        self._duplicates.append(DuplicateKey(path=format_path(self._path), line=line, column=column))

    def _fail(self, problem: str, rule: str, remedy: str, event: yaml.Event) -> NoReturn:
        _fail(problem, rule, remedy, self._file, _place(event))


def _is_json(text: str) -> bool:
    """kubectl sends JSON as it is, so that 10.0 stays a float and is refused where an integer belongs."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):  # what is too deep to be JSON is too deep for a manifest
        return False
    return True


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]


def _flattened(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """The items of a `List`, `ConfigMapList`, ... or the object itself."""
    if isinstance(value, Mapping) and str(value.get("kind", "")).endswith("List"):
        items = value.get("items")
        if isinstance(items, list):
            for index, item in enumerate(items):
                yield from _flattened(_item(item, value), f"{prefix}.items[{index}]".lstrip("."))
            return
    yield prefix, value


def _item(item: object, owner: Mapping[str, object]) -> object:
    """An item as kubectl reads it: in a PodList one that doesn't say what it is is a Pod, as the API server means it.

    Source: decodeToList in apimachinery pkg/apis/meta/v1/unstructured/unstructured.go.
    """
    kind = str(owner["kind"]).removesuffix("List")
    if not kind or not isinstance(item, dict) or item.get("apiVersion") or item.get("kind"):
        return item
    said = {"apiVersion": owner.get("apiVersion"), "kind": kind}
    return said | item | said


def _mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)


def _place(event: yaml.Event) -> tuple[int, int]:
    return _mark(event).line + 1, _mark(event).column + 1


def _json_type(value: object) -> str:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "mapping"}
    return names.get(type(value), "null")
