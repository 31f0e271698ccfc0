from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.api_server import formats

FINE = {
    formats.dns_label: ["a", "my-name", "123-abc", "a" * 63],
    formats.dns_subdomain: ["a", "example.com", "1.2", "a" * 253],
    formats.dns_1035_label: ["a", "my-name", "abc-123"],
    formats.path_segment: ["a", "system:node", "Any Thing", "..."],
    formats.label_key: ["a", "A_b.c", "example.com/MyName", f"{'p' * 253}/{'n' * 63}"],
    formats.label_value: ["", "MyValue", "a_b.c", "1" * 63],
    formats.config_key: [".hidden", "KEY_NAME", "-", "a" * 253],
    formats.env_name: ["_", "my.env-name", "-X"],
    formats.relaxed_env_name: ["1 A", "a:b", " ", "~"],
    formats.port_name: ["http", "a-1", "x" * 15],
    formats.percent: ["0%", "25%", "1000%"],
    formats.http_header: ["X-Header-Name", "-", "1"],
    formats.local_path: ["a/b", "a..b", "", "..data"],
    formats.local_unreserved_path: ["a", "a/..b"],
}

WRONG = {
    formats.dns_label: ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n", "é"],
    formats.dns_subdomain: ["", ".", "a..b", "web.-x", "Web", "a b", "a" * 254, "a\n"],
    formats.dns_1035_label: ["", "1a", "a-", "a" * 64],
    formats.path_segment: [".", "..", "a/b", "a%b"],
    formats.label_key: ["", "a b", "a/b/c", "/x", "x/", "Example.com/x", "n" * 64, "a\n"],
    formats.label_value: [" ", "-x", "x-", "a/b", "1" * 64, "ünï", "a\n"],
    formats.config_key: ["", ".", "..", "..x", "a/b", "a b", "a" * 254],
    formats.env_name: ["", "1A", "a b", "a=b", ".."],
    formats.relaxed_env_name: ["", "a=b", "é", "a\tb", "a\n"],
    formats.port_name: ["", "HTTP", "123", "a--b", "-a", "a-", "x" * 16, "a_b"],
    formats.percent: ["", "25", "%", "12.5%", "-1%", "٣%", "1%\n"],
    formats.http_header: ["", "a b", "a:", "é"],
    formats.local_path: ["/a", "../a", "a/../b", ".."],
    formats.local_unreserved_path: ["..data", "..", "/a"],
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in FINE.items() for text in texts])
def test_what_the_grammar_holds_is_fine(check: formats.Check, text: str) -> None:
    assert check(text) == ()


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in WRONG.items() for text in texts])
def test_what_breaks_the_grammar_is_complained_about(check: formats.Check, text: str) -> None:
    assert check(text)


@given(st.sampled_from(list(FINE)), st.text(max_size=300))
def test_no_text_is_too_strange_to_judge(check: formats.Check, text: str) -> None:
    assert all(check(text)) is True


def test_a_dotted_label_is_told_about_its_dots() -> None:
    assert formats.dns_label("a.b") == ("must not contain dots",)


def test_an_empty_key_name_breaks_two_rules() -> None:
    empty, shape = formats.label_key("")
    assert empty == "name part must be non-empty"
    assert shape.startswith("name part must consist of alphanumeric characters")
    assert shape.endswith(
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    )


def test_the_length_of_a_prefix_is_told_in_bytes() -> None:
    assert formats.label_key(f"{'p' * 254}/n") == ("prefix part must be no more than 253 bytes",)
    assert formats.dns_subdomain("p" * 254) == ("must be no more than 253 characters",)


def test_lengths_count_bytes() -> None:
    assert formats.size("é") == 2
    assert formats.size("\ud800") == 3
    assert "must be no more than 63 bytes" in formats.label_value("é" * 32)


@pytest.mark.parametrize(("port", "fine"), [(1, True), (65535, True), (0, False), (65536, False), ("http", True)])
def test_ports_have_a_number_or_a_name(port: int | str, fine: bool) -> None:
    assert (formats.port(port) == ()) is fine


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("acme.io/foo", []), ("acme.io", ["acme.io"]), ("/foo", ["/foo"]), ("Acme/foo bar", ["Acme", "foo bar"])],
)
def test_a_domain_prefixed_path_names_the_part_that_is_wrong(path: str, wrong: list[str]) -> None:
    assert [part for part, _ in formats.domain_prefixed_path(path)] == wrong
