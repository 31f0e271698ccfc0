from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.schemas.quantity import NANO, Quantity, QuantityError, parse, read

SUFFIXES = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1), "k": 10**3}
SUFFIXES |= {"M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "e3": 10**3, "E-2": Fraction(1, 100)}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.5", "1500m"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1e3", "1e3"),
        ("1000m", "1"),
        ("100k", "100k"),
        ("1000k", "1M"),
        ("1023Ki", "1023Ki"),
        ("0.001Ki", "1024m"),
        ("512", "512"),
        ("-1.5Gi", "-1536Mi"),
        ("0Gi", "0"),
        ("+1", "1"),
        ("1.", "1"),
        (".5", "500m"),
        ("0.1n", "1n"),
        ("1E", "1E"),
        ("1E5", "100e3"),
    ],
)
def test_a_quantity_prints_in_its_canonical_form(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize("text", ["1K", "1mm", "--1", "1e", "1ee", f"1e{'9' * 5000}", "1Ki3", "1E1.5e"])
def test_what_no_suffix_means_is_an_error(text: str) -> None:
    with pytest.raises(QuantityError):
        parse(text)


@pytest.mark.parametrize("text", ["", "1KB", "one", "1 Gi", "1,5", "1.2.3", "0x10", "１"])  # noqa: RUF001
def test_what_breaks_the_grammar_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(QuantityError, match="quantities must match the regular expression"):
        parse(text)


@pytest.mark.parametrize("text", ["+", "-", ".", "m", "Ki"])
def test_a_quantity_without_digits_is_zero(text: str) -> None:
    assert parse(text).nano == 0


def test_space_around_a_quantity_is_ignored() -> None:
    assert read(" 1Gi ") == parse("1Gi")


@pytest.mark.parametrize("value", [1, 1.0, "1"])
def test_numbers_are_quantities(value: object) -> None:
    assert read(value).nano == NANO


def test_what_is_too_large_is_capped_where_it_is_binary() -> None:
    assert parse("8Ei").nano == parse("9999Pi").nano == parse("9223372036854775807").nano
    assert parse("9223372036854775808").nano > parse("9223372036854775807").nano


def test_a_large_exponent_still_counts() -> None:
    assert parse("20E").nano > parse("10E").nano


def test_absurd_numbers_cost_nothing() -> None:
    assert parse("1e-999999999").nano == 1
    assert parse("1e999999999").nano > parse("1E").nano
    assert parse("9" * 100_000).nano > parse("9" * 30).nano
    assert parse(f"0.{'0' * 100_000}1").nano == 1


@pytest.mark.parametrize(("text", "rounded"), [("0.0001", "1m"), ("1.0005", "1001m"), ("-0.0001", "-1m"), ("2", "2")])
def test_a_resource_list_keeps_thousandths(text: str, rounded: str) -> None:
    assert str(parse(text).rounded_up()) == rounded


@given(st.integers(0, 10**9), st.integers(0, 999), st.sampled_from(sorted(SUFFIXES)))
def test_the_value_is_exact_to_the_nano_and_rounded_up(whole: int, thousandths: int, suffix: str) -> None:
    exact = (whole + Fraction(thousandths, 1000)) * SUFFIXES[suffix] * NANO
    nano = parse(f"{whole}.{thousandths:03}{suffix}").nano
    assert 0 <= nano - exact < 1


@given(st.integers(-(10**24), 10**24), st.sampled_from(["decimal", "binary", "exponent"]))
def test_the_canonical_form_reads_back_as_the_same_amount(nano: int, style: str) -> None:
    assert parse(str(Quantity(nano, style))).nano == nano


@given(st.text("0123456789.+-eEinumkKMGTP ", max_size=8))
def test_any_text_is_a_quantity_or_a_quantity_error(text: str) -> None:
    try:
        canonical = str(parse(text))
    except QuantityError:
        return
    assert parse(canonical).nano == parse(text).nano
