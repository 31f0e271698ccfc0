"""The file of NAME='value' lines that the kubelet reads for `fileKeyRef`, beta and on by default from Kubernetes 1.35.

Values stand in single quotes and have no escapes, so some can't be written at all; they are refused, and never changed.
https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/kubelet/util/env/env_util.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .task import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_LINE = 65535  # Go's bufio.Scanner takes no longer one
LONGEST_VARIABLE = 131071  # execve's MAX_ARG_STRLEN, without the NUL


def environment_file(values: Mapping[str, str]) -> bytes:
    """The file; an error names the variable and the rule, and never the value."""
    for name, value in values.items():
        reason = unwritable(name, value)
        if reason:
            raise Failed(f"variable {name!r}: {reason}; hand it over as a file instead")
    return "".join(f"{name}='{value}'\n" for name, value in values.items()).encode()


def unwritable(name: str, value: str) -> str:
    """Why the kubelet would not read the variable as it is, or an empty text."""
    if (
        not name
        or not name.isascii()
        or not name.isprintable()
        or "=" in name
        or name != name.strip()
        or name[0] == "#"
    ):
        return "its name must be printable ASCII without '=', not begin with '#', and have no space around it"
    return next((reason for wrong, reason in REASONS if wrong(value)), "") or too_long(name, value)


REASONS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda value: value == "", "its value is empty, which the kubelet takes for missing"),
    (lambda value: "'" in value, "its value has a single quote"),
    (lambda value: "\0" in value, "its value has a NUL"),
    (lambda value: "\r\n" in value, "its value has a Windows line end, of which the kubelet drops a character"),
    (lambda value: any(0xD800 <= ord(each) < 0xE000 for each in value), "its value is no Unicode text"),
)


def too_long(name: str, value: str) -> str:
    text = f"{name}='{value}'".encode()
    if max(map(len, text.split(b"\n"))) > LONGEST_LINE:
        return f"it has a line of more than {LONGEST_LINE} bytes"
    return f"it has more than {LONGEST_VARIABLE} bytes" if len(text) - 2 > LONGEST_VARIABLE else ""
