"""The reader of sh understands what scripts do, and survives what they are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.rules.startup.calls import Call, calls_of_argv


def calls(script: str) -> list[Call]:
    return [call for call in calls_of_argv(("sh", "-c", script)) if call.program != "sh"]


def programs(script: str) -> list[str]:
    return [call.program for call in calls(script)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a; b && c || d | e & f", ["a", "b", "c", "d", "e", "f"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("case $x in a) b;; (c|d) e;; *) f; esac; g", ["b", "e", "f", "g"]),
        ("f() { a; }; f x; g", ["a", "g"]),
        ("function f {\n a\n}\nf y; function g() ( b )", ["a", "b"]),
        ("( a; { b; } )", ["a", "b"]),
        ("# until x; do\na # b", ["a"]),
        ("cat <<EOF\nrm -rf /\nEOF\nb", ["cat", "b"]),
        ("x=$(a | b) c `d`", ["c", "a", "b", "d"]),
        ("exec timeout -k 5 30 a; env X=1 b; sudo -u root c; /usr/bin/d", ["a", "b", "c", "d"]),
        ("bash -euo pipefail -c 'a; sh -c \"b\"'", ["bash", "a", "b"]),
        ("echo 'until a; do b; done'", ["echo"]),
        ("set -e until a; do b; done c", ["set", "a", "b", "c"]),
        ("a 2>&1 >/dev/null </x", ["a"]),
        ("a \\\n  b", ["a"]),
        ("[[ $x =~ -([0-9]+)$ && -f $y ]] || a", ["[[", "a"]),
    ],
)
def test_the_programs_of_a_script(script: str, expected: list[str]) -> None:
    assert programs(script) == expected


def test_the_loops_around_a_call() -> None:
    (inner,) = (call for call in calls("for h in a b; do until nc $h; do sleep 1; done; done") if call.program == "nc")
    assert [loop.keyword for loop in inner.loops] == ["for", "until"]


def test_what_decides_whether_a_call_runs() -> None:
    (chown,) = (call for call in calls("[ -f /x ] || { stat /y && chown a; }") if call.program == "chown")
    assert [test.program for test in chown.tests] == ["[", "stat"]


def test_timeout_covers_the_script_that_it_starts() -> None:
    assert all(call.timed for call in calls_of_argv(("timeout", "60", "sh", "-c", "until a; do b; done")))
    assert [call.timed for call in calls("timeout 5 a; b")] == [True, False]


def test_words_arguments_and_variables() -> None:
    (call,) = calls("""psql -h "$HOST" -p'5432' ${DB:-x} a\\ b $((i+1)) > /out""")
    assert call.arguments == ("-h", "$HOST", "-p5432", "${DB:-x}", "a b", "$((i+1))")
    assert [word.variables for word in call.words[1:]] == [(), ("HOST",), (), ("DB",), (), ("i",)]
    assert call.targets == ("/out",)


def test_variables_that_the_kubelet_expands() -> None:
    (call,) = calls_of_argv(("curl", "-u", "$(USER):$(PASS)", "$$(NOT)"))
    assert [word.variables for word in call.words] == [(), (), ("USER", "PASS"), ()]
    assert call.arguments[-1] == "$(NOT)"


def test_a_doubled_dollar_reaches_the_shell_as_one() -> None:
    (_, call) = calls_of_argv(("sh", "-c", "curl $$TOKEN"))
    assert call.words[1].variables == ("TOKEN",)


def test_what_starts_a_program_after_two_dashes() -> None:
    assert [call.program for call in calls_of_argv(("nsenter", "-at", "1", "--", "sh", "-c", "a"))] == ["sh", "a"]


TOKENS = (
    """if then fi else elif while until for do done case in esac { } ( ) ; ;; && || | <<E $( ` ' " x ! (( )) sh -c"""
)


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="abi$(){}[]'\"`\\|&;<>! \n#=+-"),
        st.lists(st.sampled_from([*TOKENS.split(), "\n"])).map(" ".join),
    )
)
def test_any_text_is_read(script: str) -> None:
    for call in calls_of_argv(("sh", "-c", script)):
        assert isinstance(call.program, str)


def test_deep_nesting_is_read_in_a_moment() -> None:
    assert calls("(" * 5000 + "a" + ")" * 5000) is not None
    assert calls("$(" * 2000 + "a" + ")" * 2000) is not None
    assert calls("if a; then " * 2000) is not None
