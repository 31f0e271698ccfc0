"""What the reader of sh understands as a whole, and where it says that it had to guess."""

from __future__ import annotations

import pytest

from initconstructs.manifests.shell.syntax import Case, Not, Pipeline, Simple, parse


@pytest.mark.parametrize(
    "script",
    [
        "a; b && c || d | e & f",
        "if a; then b; elif c; then d; else e; fi",
        "case $x in a) b;; (c|d) e;; *) f; esac; g",
        "f() { a; }; function g { b; }; f x",
        "until ! a; do b; done >/x 2>&1",
        "while if a; then b; fi; do c; done",
        "cat <<EOF\nit's $(not closed\nEOF\nb",
        "[[ $x =~ -([0-9]+)$ && -f $y ]] || exit 1",
        'a \'\n\' "$(b "c")" `d` ${e:-f}',
        "",
    ],
)
def test_is_whole(script: str) -> None:
    assert parse(script).is_whole


@pytest.mark.parametrize(
    "script",
    [
        "until a; do b",
        "if a; then b",
        "a; done",
        "a; fi",
        "(a",
        "a )",
        "echo 'a",
        'echo "a',
        "echo $(a",
        "a && || b",
        "until a do b; done",
        "echo hello if a; then b; fi",
        "x=(a b)",
        "case x in a) b",
        "a >",
    ],
)
def test_is_not_whole(script: str) -> None:
    assert not parse(script).is_whole


def test_a_case_keeps_its_arms_apart() -> None:
    (case,) = parse("case $x in a|b) c;; *) d; e;; esac").nodes
    assert isinstance(case, Case)
    assert [([each.text for each in arm.patterns], len(arm.body)) for arm in case.arms] == [(["a", "b"], 1), (["*"], 2)]


def test_a_negated_pipeline_is_one_command() -> None:
    (negated,) = parse("! a | b").nodes
    assert isinstance(negated, Not)
    assert isinstance(negated.node, Pipeline)
    assert all(isinstance(each, Simple) for each in negated.node.nodes)
