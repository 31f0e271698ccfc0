"""What every value is: frozen, equal by content, open to `replace` and to editors; spans and amounts are read right."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import initconstructs
from initconstructs import Container, DeploymentSpec, ModelError, Probe, Resources, Sleep, Stage, TcpSocket
from initconstructs.model.checks import Duration
from initconstructs.schemas.quantity import parse

VALUES = [each for name in initconstructs.__all__ if is_dataclass(each := getattr(initconstructs, name))]
STAGE = Stage("wait", image="busybox:1.36", command=["true"])


def test_a_value_is_frozen_and_says_how_to_change_it() -> None:
    with pytest.raises(FrozenInstanceError, match="replace"):
        cast(Any, STAGE).image = "other"
    with pytest.raises(FrozenInstanceError):
        del cast(Any, STAGE).image
    with pytest.raises(TypeError):
        cast(Any, STAGE.env)["A"] = "1"


def test_values_are_equal_by_content() -> None:
    same = Stage("wait", image="busybox:1.36", command=("true",))
    assert same == STAGE
    assert replace(STAGE, image="other") != STAGE
    assert cast(object, "wait") != STAGE


def test_a_replaced_value_is_checked_again() -> None:
    with pytest.raises(ModelError, match="image"):
        replace(STAGE, image="")


def test_a_value_shows_itself() -> None:
    assert repr(Sleep(5)) == "Sleep(duration=5)"


@pytest.mark.parametrize("value", VALUES, ids=lambda each: each.__name__)
def test_editors_see_the_keywords(value: type) -> None:
    assert inspect.signature(value).parameters.keys() == {each.name for each in fields(value)}
    assert value.__doc__


@pytest.mark.parametrize(("value", "positional"), [(Stage, ["name"]), (DeploymentSpec, ["name"]), (Probe, ["handler"])])
def test_only_what_a_value_is_about_goes_without_a_keyword(value: type, positional: list[str]) -> None:
    parameters = inspect.signature(value).parameters.values()
    assert [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY] == positional


def test_lists_and_mappings_are_copies() -> None:
    command, env = ["true"], {"A": "1"}
    app = Container("app", image="a:1", command=command, env=env)
    command.append("x")
    env["B"] = "2"
    assert (app.command, dict(app.env)) == (("true",), {"A": "1"})


@given(seconds=st.integers(min_value=0, max_value=10**6))
def test_a_span_is_the_same_however_it_is_written(seconds: int) -> None:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    written: list[Duration] = [seconds, timedelta(seconds=seconds), f"{seconds}s", f"{hours}h{minutes}m{rest}s"]
    assert {Sleep(each).duration for each in written} == {seconds}


SUFFIXES = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "0.001",
    "": "1",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
}
SUFFIXES |= {"E": "1e18", "e3": "1e3", "E-2": "0.01"} | {f"{x}i": str(1024**n) for n, x in enumerate("KMGTPE", start=1)}


@given(number=st.decimals(min_value=0, max_value=10**6, places=3), suffix=st.sampled_from(sorted(SUFFIXES)))
def test_a_request_may_equal_its_limit_in_other_words(number: Decimal, suffix: str) -> None:
    nano = ceil(Fraction(number) * Fraction(SUFFIXES[suffix]) * 10**9)
    if nano < 2**63 * 10**9:
        Resources(requests={"memory": f"{number}{suffix}"}, limits={"memory": f"{nano}n"})


@given(number=st.integers(min_value=0, max_value=10**12) | st.floats(min_value=0, max_value=1e12))
def test_a_number_is_a_quantity(number: float) -> None:
    resources = Resources(requests={"cpu": number})
    assert resources.requests is not None
    assert parse(str(resources.requests["cpu"])).nano == ceil(Fraction(repr(number)) * 10**9)


@pytest.mark.parametrize("text", ["m", "+", ".", "1 Gi", "1KB", " 1", "１", "1e"])  # noqa: RUF001
def test_what_nobody_means_as_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="must be a Kubernetes quantity"):
        Resources(requests={"memory": text})


@given(a=st.integers(min_value=1, max_value=10**6), b=st.integers(min_value=1, max_value=10**6))
def test_a_request_never_exceeds_its_limit(a: int, b: int) -> None:
    low, high = sorted([a, b])
    Resources(requests={"memory": f"{low}Ki"}, limits={"memory": high * 1024})
    with pytest.raises(ModelError, match="is above the limit"):
        Resources(requests={"memory": high * 1024 + 1}, limits={"memory": f"{low}Ki"})


def test_a_probe_keeps_spans_as_seconds() -> None:
    probe = Probe(TcpSocket(1), period="1m30s", timeout=timedelta(seconds=2))
    assert (probe.period, probe.timeout) == (90, 2)
