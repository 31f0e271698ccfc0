from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server import addresses


@pytest.mark.parametrize("text", ["10.9.8.7", "2001:db8::ffff", "::", "010.0.0.1", "::ffff:1.2.3.4", "00001::"])
def test_addresses_are_read_leniently(text: str) -> None:
    assert addresses.ip(text, strict=False) == ()


@pytest.mark.parametrize("text", ["", "10.9.8", "10.9.8.256", "fe80::1%eth0", "1::2::3", " 1.2.3.4", "10.0.0.0/8"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert addresses.ip(text, strict=False) == addresses.ip(text, strict=True) != ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("010.0.0.1", "must not have leading 0s"),
        ("00001::", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
    ],
)
def test_the_strict_address_has_one_spelling(text: str, complaint: str) -> None:
    assert addresses.ip(text, strict=True) == (complaint,)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("010.0.0.0/8", "must not have leading 0s in IP or prefix length"),
        ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ("::ffff:1.2.3.4/128", "must not have an IPv4-mapped IPv6 address"),
        ("10.0.0.1/8", "must not have bits set beyond the prefix length"),
    ],
)
def test_the_strict_network_has_one_spelling(text: str, complaint: str) -> None:
    assert addresses.cidr(text, strict=True) == (complaint,)
    assert addresses.cidr(text, strict=False) == ()


@pytest.mark.parametrize("text", ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "x/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    assert addresses.cidr(text, strict=False) == addresses.cidr(text, strict=True) != ()


@given(st.text("0123456789abcdef:./%", max_size=20), st.booleans())
def test_the_strict_reading_is_never_wider(text: str, prefix: bool) -> None:
    check = addresses.cidr if prefix else addresses.ip
    assert len(check(text, strict=False)) <= len(check(text, strict=True))
