from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.schemas import Decoded, decode, scalars, shape_errors

CONTAINER = "io.k8s.api.core.v1.Container"
SECRET = "io.k8s.api.core.v1.Secret"

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def container(**fields: Any) -> Decoded:
    return decode({"name": "app", **fields}, CONTAINER, 36)


def message(**fields: Any) -> str:
    (error,) = container(**fields).errors
    return error.message


def test_a_plain_object_comes_back_as_it_is() -> None:
    manifest = {"name": "app", "args": ["a"], "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}
    assert decode(manifest, CONTAINER, 36).value is manifest


def test_a_null_is_absent_and_a_zero_inside_of_lists_and_maps() -> None:
    decoded = container(image=None, args=[None], ports=[None], resources={"limits": {"cpu": None}})
    assert decoded.errors == []
    assert decoded.value == {"name": "app", "args": [""], "ports": [{}], "resources": {"limits": {"cpu": "0"}}}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"env": {}}, "cannot unmarshal object into Go struct field Container.env of type []v1.EnvVar"),
        ({"env": [{"value": 1}]}, "cannot unmarshal number into Go struct field EnvVar.env.value of type string"),
        ({"tty": "true"}, "cannot unmarshal string into Go struct field Container.tty of type bool"),
        ({"ports": [{"containerPort": 10.0}]}, "cannot unmarshal number 10.0 into"),
        ({"ports": [{"containerPort": 2**31}]}, "cannot unmarshal number 2147483648 into"),
        ({"ports": [{"containerPort": True}]}, "cannot unmarshal bool into"),
        ({"resources": {"limits": {"memory": "1GB"}}}, "quantities must match the regular expression"),
        ({"resources": {"limits": {"memory": "1K"}}}, "unable to parse quantity's suffix"),
        ({"resources": {"limits": {"memory": {}}}}, "quantities must match the regular expression"),
    ],
)
def test_a_wrong_type_is_reported_in_the_servers_words(fields: dict[str, Any], words: str) -> None:
    assert words in message(**fields)


def test_a_wrong_type_hides_everything_else() -> None:
    decoded = container(imag="a", tty=1, stdin=1)
    assert [error.path for error in decoded.errors] == ["tty"]


def test_every_unknown_field_is_reported_with_what_was_meant() -> None:
    decoded = container(imag="a", volume_mounts=[], env=[{"name": "A", "zzz": 1}])
    assert [(error.path, error.message) for error in decoded.errors] == [
        ("imag", 'unknown field "imag"; did you mean "image"?'),
        ("volume_mounts", 'unknown field "volume_mounts"; did you mean "volumeMounts"?'),
        ("env[0].zzz", 'unknown field "env[0].zzz"'),
    ]


def test_a_fragment_is_told_all_of_its_mistakes() -> None:
    errors = shape_errors(CONTAINER, {"comand": ["a"], "env": [{"name": 1}]}, kubernetes="1.36")
    assert [error.path for error in errors] == ["comand", "env[0].name"]
    assert shape_errors(CONTAINER, "nginx")[0].message.startswith("json: cannot unmarshal string into Go value")


def test_an_ignored_field_is_named_and_left_out() -> None:
    decoded = decode({"name": "app", "tty": True}, CONTAINER, 36, {CONTAINER: frozenset({"tty"})})
    assert decoded.value == {"name": "app"}
    assert decoded.ignored == [("tty", f"{CONTAINER}.tty")]


@pytest.mark.parametrize(
    ("data", "fine"), [("YQ==", True), ("YQ\n==", True), ([97], True), ("YQ=", False), ("a b", False)]
)
def test_bytes_are_base64_or_numbers(data: object, fine: bool) -> None:
    assert (decode({"data": {"k": data}}, SECRET, 36).errors in ([], ())) is fine


@pytest.mark.parametrize("text", ["1", "+1.5", ".5", "1.", "m", "1e3", "1E", "100n", "2Ki", "-1"])
def test_a_quantity_may_be_written_in_odd_ways(text: str) -> None:
    assert scalars.quantity_error(text) is None


@pytest.mark.parametrize("text", ["e-10", ".E-010", "Pi", ".Ei"])
def test_a_quantity_without_digits_is_none_at_either_end(text: str) -> None:
    assert scalars.quantity_error(text) == "unable to parse numeric part of quantity"
    assert scalars.quantity_error(f"0{text}") is None
    assert scalars.quantity_error("e-9") is scalars.quantity_error("Ti") is None


@pytest.mark.parametrize("text", ["2020-02-29T23:59:59Z", "2020-01-01T00:00:00.123+02:00"])
def test_a_time_is_rfc_3339(text: str) -> None:
    assert scalars.time_error(text) is None


@pytest.mark.parametrize("text", ["yesterday", "2020-02-30T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00"])
def test_a_time_is_nothing_else(text: str) -> None:
    assert scalars.time_error(text) is not None


@given(ANY_JSON)
def test_any_value_gets_an_answer(value: object) -> None:
    for error in shape_errors(CONTAINER, value):
        assert error.message
