"""Text is read as the API server reads it, and everything that can't be read says where and why."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from initconstructs.manifests import yaml_in
from initconstructs.manifests.unreadable import UnreadableManifest
from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.manifests.yaml_out import dump_yaml

DEPLOYMENT = """\
# a comment
---
kind: Deployment
metadata:
  labels:
    app.kubernetes.io/name: shop
spec:
  template:
    spec:
      initContainers:
        - name: wait
          image: busybox
        - {name: migrate, image: shop}
---
{kind: ConfigMap, data: {a.b: x}}
"""


def only(text: str) -> dict[str, object]:
    (document,) = load_yaml(text)
    return document.manifest


def unreadable(source: str | bytes) -> UnreadableManifest:
    with pytest.raises(UnreadableManifest) as caught:
        load_yaml(source, file="app.yaml")
    assert caught.value.file == "app.yaml"
    assert caught.value.remedy
    return caught.value


def test_documents_are_counted_and_empty_ones_left_out() -> None:
    documents = load_yaml("---\n# nothing\n---\nkind: A\n---\nkind: B\n")
    assert [(document.manifest["kind"], document.index) for document in documents] == [("A", 1), ("B", 2)]


@pytest.mark.parametrize(
    ("document", "path", "position"),
    [
        (0, "kind", (3, 1)),
        (0, "metadata.labels[app.kubernetes.io/name]", (6, 5)),
        (0, "spec.template.spec.initContainers[0].image", (12, 11)),
        (0, "spec.template.spec.initContainers[1]", (13, 11)),
        (0, "spec.template.spec.initContainers[1].image", (13, 27)),
        (0, "spec.template.spec.initContainers[1].resources.requests", (13, 11)),
        (0, "spec.template.spec.initContainers[7].image", (10, 7)),
        (0, "status", (3, 1)),
        (1, "data[a.b]", (15, 26)),
    ],
)
def test_a_field_has_its_line_and_column_or_those_of_its_nearest_ancestor(
    document: int, path: str, position: tuple[int, int]
) -> None:
    assert load_yaml(DEPLOYMENT)[document].position(path) == position


def test_a_list_is_taken_apart_and_its_items_keep_their_lines() -> None:
    text = "kind: List\nitems:\n  - kind: A\n  - kind: BList\n    items:\n      - kind: C\n"
    first, second = load_yaml(text)
    assert (first.manifest, second.manifest) == ({"kind": "A"}, {"kind": "C"})
    assert (first.position("kind"), second.position("kind")) == ((3, 5), (6, 9))


def test_an_item_of_a_typed_list_need_not_say_what_it_is() -> None:
    first, second, third = load_yaml(
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n- {kind: Pod}\n"
        "---\nkind: List\napiVersion: v1\nitems: [{metadata: {name: c}}]\n"
    )
    assert first.manifest == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    assert first.position("metadata.name") == (4, 14)
    assert (second.manifest, third.manifest) == ({"kind": "Pod"}, {"metadata": {"name": "c"}})


def test_a_duplicate_key_is_reported_and_the_last_value_holds() -> None:
    (document,) = load_yaml("a:\n  - b: 1\n    c.d: 2\n    b: 3\n    c.d: 4\n")
    assert document.manifest == {"a": [{"b": 3, "c.d": 4}]}
    assert [(key.path, key.line, key.column) for key in document.duplicates] == [
        ("a[0].b", 4, 5),
        ("a[0][c.d]", 5, 5),
    ]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\x85"])
def test_any_line_break_of_yaml_ends_a_line(end: str) -> None:
    _, second = load_yaml(end.join(["a: 1", "---", "b:", "  c: 2", ""]))
    assert second.position("b.c") == (4, 3)


def test_an_anchor_may_be_given_anew() -> None:
    (document,) = load_yaml("a: &x 1\nb: &x {c: 2}\nd: *x\n")
    assert document.manifest["d"] == {"c": 2}
    assert document.position("d.c") == (2, 8)


def test_keys_become_strings_as_in_json() -> None:
    assert only("{1: a, true: b, 1.5: c, '2': d}") == {"1": "a", "true": "b", "1.5": "c", "2": "d"}


def test_aliases_and_merges_are_filled_in() -> None:
    text = "base: &base {a: 1, b: 1}\nmore: &more {b: 2, c: 2}\nx:\n  <<: [*base, *more]\n  c: 3\nz: *base\n"
    (document,) = load_yaml(text)
    assert document.manifest["x"] == {"a": 1, "b": 1, "c": 3}
    assert document.manifest["z"] == {"a": 1, "b": 1}
    assert document.duplicates == ()
    assert document.position("x.a") == (1, 14)


def test_tags_decide_the_type() -> None:
    assert only('{a: !!str 012, b: !!int "7", c: !!binary aGk=, d: !thing x}') == {
        "a": "012",
        "b": 7,
        "c": "hi",
        "d": "x",
    }


def test_json_keeps_a_float_where_yaml_reads_an_integer() -> None:
    assert repr(only('{"port": 10.0, "n": 1}')["port"]) == "10.0"
    assert repr(only("port: 10.0")["port"]) == "10"


@pytest.mark.parametrize(
    ("source", "rule", "line", "column"),
    [
        ("a: [1", "yaml-syntax", 2, 1),
        ("a: b: c", "yaml-syntax", 1, 5),
        ("a:\n\tb: 1", "yaml-syntax", 2, 1),
        ("a: {{ .Values.x }}\nb: {{ include x }}\n", "yaml-syntax", 1, 1),
        ("a: *nowhere", "unknown-anchor", 1, 4),
        ("a: &a [*a]", "alias-expansion", 1, 8),
        ("a: \x01", "yaml-syntax", 1, 4),
        ("a: .inf", "not-json", 1, 4),
        ("a: !!binary aGVé", "not-json", 1, 4),
        ("a: !!int x", "yaml-syntax", 1, 4),
        ("? [a]\n: b", "yaml-syntax", 1, 3),
        ("? " * 5000, "yaml-syntax", 1, 3),
        ("a: 1\n---\n- b\n", "not-an-object", 3, 1),
        ("kind: List\nitems: [1]\n", "not-an-object", 1, 1),
        ("<<: 1", "yaml-syntax", 1, 5),
        (b"a: 1\nb: \xff", "not-utf-8", 2, 4),
        ("a: 1\n".encode("utf-16"), "not-utf-8", None, None),
        (b"\x7fELF\x00\x01", "binary-file", None, None),
        ("a: " + "[\n" * 5000, "too-deep", 100, 1),
        ('{"a":\n' * 99 + '{"a":' * 50_000, "too-deep", 100, 6),
    ],
)
def test_what_can_not_be_read_names_place_and_rule(
    source: str | bytes, rule: str, line: int | None, column: int | None
) -> None:
    error = unreadable(source)
    assert (error.rule, error.line, error.column) == (rule, line, column)


@pytest.mark.parametrize("text", ["\ta: 1", "a:\n\tb: 1", "a:\n  b: 1\n\tc: 2", "a: é\n---\nb:\n\t- 1"])
def test_a_tab_is_named(text: str) -> None:
    assert unreadable(text).problem == "a tab indents this line"


@pytest.mark.parametrize("depth", [101, 900, 5000])
def test_a_line_that_is_too_deep_is_so_whatever_the_limit_of_libyaml(depth: int) -> None:
    assert unreadable("a: " + "[" * depth + "]" * depth).rule == "too-deep"


def test_a_text_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_in, "MAX_BYTES", 10)
    assert unreadable("a: 1234567890").rule == "too-large"


def test_a_yaml_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    start = time.process_time()
    assert unreadable("\n".join(lines)).rule == "alias-expansion"
    assert time.process_time() - start < 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from("abc"), json_values, min_size=1))
def test_what_the_writer_writes_reads_back_the_same(manifest: dict[str, object]) -> None:
    assert only(dump_yaml([manifest])) == manifest


@given(
    st.one_of(
        st.binary(),
        st.text(alphabet="ab01:-?[]{}&*!|>'\"%@`<#~ \n\t.,y\\\x00\x85\ufeff").map(str.encode),
        st.lists(
            st.sampled_from(["a:", "- ", "\n", "  ", "&x ", "*x", "<<: ", "{", "}", "[", "]", "? ", "---\n", "!!int "])
        )
        .map("".join)
        .map(str.encode),
    )
)
@example(b"%YAML 9.9\n---\na: 1")
@example(b"\xef\xbb\xbfa: 1")
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    with contextlib.suppress(UnreadableManifest):
        for document in load_yaml(source):
            assert document.position("a.b[0]") >= (1, 1)
