"""Plain scalars mean what the API server's reader takes them for."""

from __future__ import annotations

import pytest

from initconstructs.manifests.scalars import NotJsonError, plain_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("No", False), ("ON", True), ("yEs", "yEs"), ("~", None), ("", None), ("Null", None),
        ("012", 10), ("0o644", 420), ("0O17", 15), ("08", 8), ("0x1F", 31), ("-0b11", -3), ("+7", 7), ("1_000", 1000),
        ("1e3", 1000), ("10.0", 10), ("0.5", 0.5), (".5", 0.5), ("5.", 5), ("1e400", "1e400"), ("1.4.2", "1.4.2"),
        ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("10m", "10m"), ("-", "-"), ("_1", "_1"), ("=", "="),
        ("18446744073709551615", 2**64 - 1), ("99999999999999999999", 10**20), ("1e21", 1e21),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_read_as_go_yaml_reads_it(text: str, value: object) -> None:
    read = plain_scalar(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".NaN"])
def test_what_json_can_not_hold_is_refused(text: str) -> None:
    with pytest.raises(NotJsonError):
        plain_scalar(text)
