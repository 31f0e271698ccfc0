"""What all fetches share: the kubelet's environment file, paths that stay inside, and sets of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.presets.scripts.fetching.environment import environment_file
from initconstructs.presets.scripts.fetching.files import inside
from initconstructs.presets.scripts.fetching.task import Failed

ODD = [
    "",
    "'",
    "a'b",
    "a\nb",
    "a\r\nb",
    "a\r",
    "\n",
    "#",
    "a b ",
    "$(X)",
    "`id`",
    "\\",
    "é",
    "x" * 70_000,
    "x\n" * 66_000,
]
VALUES = st.text(st.characters(exclude_characters="\0"), max_size=30) | st.sampled_from(ODD)
NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=10) | st.sampled_from(
    ["A", "a-b.c", "#A", " A", "A "]
)


def kubelet_reads(text: bytes, key: str) -> str:
    """The value that the kubelet of 1.35 finds, line by line as it does; "" is what it calls missing.

    https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/kubelet/util/env/env_util.go
    """
    lines = iter([line.removesuffix(b"\r").decode() for line in text.split(b"\n")])
    assert all(len(line) < 65536 for line in text.split(b"\n"))
    for raw in lines:
        line = raw.lstrip(" \t")
        if not line or line.startswith("#"):
            continue
        name, mark, value = line.partition("=")
        assert mark, "a line without '='"
        assert name, "a line without a name"
        assert name == name.rstrip(" \t"), "space before '='"
        assert value.startswith("'"), "no quote"
        value = value[1:]
        while "'" not in value:
            value += "\n" + next(lines)
        value, _, rest = value.partition("'")
        assert not rest.strip(" \t"), "something behind the quote"
        if name == key:
            return value
    return ""


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_the_kubelet_reads_each_variable_as_it_was_or_it_is_refused(values):
    try:
        text = environment_file(values)
    except Failed as error:
        shown = [value for value in values.values() if len(value) > 3 and value in str(error)]
    else:
        shown = []
        assert {name: kubelet_reads(text, name) for name in values} == values
    assert shown == []


@pytest.mark.parametrize("value", ["", "'", "a'b", "a\r\nb", "a\0b", "\ud800", "x" * 70_000, "x\n" * 66_000])
def test_what_the_kubelet_would_not_read_as_it_is_is_refused_without_showing_it(value):
    with pytest.raises(Failed, match="variable 'A'"):
        environment_file({"A": value})


@given(st.text(max_size=30) | st.sampled_from(["../x", "a/../../x", "/x", "a//b", ".", "..", "a\0", "a\\..\\b", "a/b"]))
def test_a_path_stays_below_its_directory_or_is_refused(name):
    try:
        place = inside(Path("/data"), name)
    except Failed:
        return
    assert Path("/data") in place.parents
    assert ".." not in place.parts
