"""What the writer writes, every reader reads back the same."""

from __future__ import annotations

import enum
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.manifests.yaml_out import dump_yaml

WORDS = """
    y n Y N yes No ON off true False null ~ = << 012 08 0o644 0x1F 0b11 1e3 1E3 .5 5. +.5 -1 1_000 1,000 12:30 1:2:3.5
    190:20:30 2024-01-01 2024-1-1 2024-01-01T10:00:00Z .inf -.INF .NaN . - -- --- ... ? : :a a: a:b #a a#b *a &a !a |
    > % @ ` { } [ ] , 'a' "a" a,b +_1 0x_1 0x1p-2 0X1F 1__0 \x85 \u2028 \ufeff \x00 \x7f é 😀
""".split(" ")  # noqa: SIM905
TRAPS = [*(word.strip("\n") for word in WORDS), " a", "a ", "a: b", "a #b", "- a", "? a", "a\tb", "\t", "a\rb"]

strings = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(alphabet="yn0178.:-+eExob_ \n#|'\"\\"),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), strings)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(strings, inner), max_leaves=20)
manifests = st.dictionaries(strings, values)


def is_core_schema_string(text: str) -> bool:
    """YAML 1.2.2, 10.3.2: what the core schema leaves a string."""
    other = r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    floats = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
    return not re.fullmatch(f"{other}|{floats}", text)


def is_go_yaml_string(text: str) -> bool:
    """What sigs.k8s.io/yaml, the API server's reader, leaves a string (resolve.go of go-yaml v2)."""
    if text.lower() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "", "<<", ".nan"}:
        return False
    digits = text.replace("_", "")
    integer = "0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+"
    number = rf"[-+]?({integer}|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))"
    return not re.fullmatch(number, digits)


def plain_strings(text: str) -> list[str]:
    events = yaml.parse(text, Loader=yaml.CSafeLoader)
    return [event.value for event in events if isinstance(event, yaml.ScalarEvent) and event.implicit[0]]


@given(st.lists(manifests, min_size=1, max_size=3))
def test_pyyaml_reads_back_what_was_written(documents: list[dict[str, object]]) -> None:
    assert list(yaml.load_all(dump_yaml(documents), Loader=yaml.CSafeLoader)) == documents


@given(st.dictionaries(strings, strings))
def test_no_other_reader_takes_a_string_for_something_else(manifest: dict[str, object]) -> None:
    plain = plain_strings(dump_yaml([manifest]))
    assert [text for text in plain if not (is_core_schema_string(text) and is_go_yaml_string(text))] == []


@pytest.mark.parametrize("text", TRAPS)
def test_a_trap_is_written_so_that_it_stays_a_string(text: str) -> None:
    written = dump_yaml([{"key": text}])
    assert yaml.load(written, Loader=yaml.CSafeLoader) == {"key": text}
    assert all(is_core_schema_string(plain) and is_go_yaml_string(plain) for plain in plain_strings(written))


def test_the_layout_is_the_one_of_cdk8s() -> None:
    manifest = {
        "kind": "Pod",
        "spec": {"containers": [{"name": "app", "args": ["-c", "set -e\nrun\n"], "env": []}], "nested": [[1, [2]]]},
    }
    assert dump_yaml([manifest, {}]) == (
        "kind: Pod\n"
        "spec:\n"
        "  containers:\n"
        "    - name: app\n"
        "      args:\n"
        "        - -c\n"
        "        - |\n"
        "          set -e\n"
        "          run\n"
        "      env: []\n"
        "  nested:\n"
        "    - - 1\n"
        "      - - 2\n"
        "---\n"
        "{}\n"
    )


def test_what_is_used_twice_is_written_twice() -> None:
    labels = {"app": "shop"}
    assert dump_yaml([{"a": labels, "b": labels}]) == "a:\n  app: shop\nb:\n  app: shop\n"


def test_a_long_line_is_not_folded() -> None:
    assert dump_yaml([{"key": "word " * 500 + "end"}]).count("\n") == 1


def test_a_key_too_long_for_a_simple_key_is_written_explicitly() -> None:
    manifest = {"outer": {"k" * 2000: {"a": 1}}}
    assert yaml.load(dump_yaml([manifest]), Loader=yaml.CSafeLoader) == manifest


def test_an_enum_of_strings_is_written_as_its_value() -> None:
    class Policy(str, enum.Enum):
        ALWAYS = "Always"

    assert dump_yaml([{"restartPolicy": Policy.ALWAYS}]) == "restartPolicy: Always\n"


@pytest.mark.parametrize("value", [object(), {1}, b"x", {1: "a"}])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="manifest"):
        dump_yaml([{"key": value}])


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800"])
def test_what_no_manifest_can_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="can't"):
        dump_yaml([{"key": value}])
