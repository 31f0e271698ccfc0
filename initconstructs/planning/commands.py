"""What a container's command line says of its own run: how long, how it ends, what bounds it.

The bound may be the author's (`timeout 60`, `--timeout=5m`, a loop that counts, `WAIT_TIMEOUT=5m` in the environment)
or a program's own default (`kubectl wait` gives up after 30 s). Nothing of it needs an annotation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath

from initconstructs.manifests.pod_template import entries
from initconstructs.planning.flow import NEVER, Flow, Span
from initconstructs.planning.pod import Container
from initconstructs.planning.shell import UnreadableScript, read_script

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "busybox"})
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
_TIMEOUT_FLAG = re.compile(r"--?(?:[a-z]+-)*(?:timeout|max-time|deadline|timeout-seconds)", re.IGNORECASE)
_TIMEOUT_VARIABLE = re.compile(r"(?:^|_)(?:TIMEOUT|DEADLINE|MAX_WAIT|WAIT_TIME|WAIT_SECONDS)(?:_S|_SEC|_SECONDS)?$")
_TRAP = re.compile(
    r"trap\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))\s+[^;\n]*\b(?:SIG)?TERM\b|trap\s+'([^']*)'\s+[^;\n]*\b15\b"
)
_REFERENCE = re.compile(r"\$\((\w+)\)|\$\$")
_EXIT = re.compile(r"\bexit\s+(\d+)")

_TESTS = frozenset(("test", "[", "[[", "eval", "which", "command", "type", "expr"))
_BUILT_IN = frozenset(
    ("true", ":", "echo", "printf", "set", "export", "unset", "readonly", "local", "shift", "trap", "cd")
)
_AT_ONCE = frozenset(
    (
        "umask",
        "pwd",
        "id",
        "date",
        "hostname",
        "uname",
        "whoami",
        "nproc",
        "env",
        "printenv",
        "seq",
        "mktemp",
        "readlink",
        "realpath",
        "mkdir",
        "touch",
        "ln",
        "basename",
        "dirname",
        "sysctl",
        "mount",
    )
)
"""Local commands that end within a moment; of the tests nobody knows the outcome."""

_LOCAL_UNLESS_RECURSIVE = frozenset(
    (
        "cp",
        "mv",
        "rm",
        "chmod",
        "chown",
        "chgrp",
        "cat",
        "install",
        "sed",
        "grep",
        "awk",
        "head",
        "tail",
        "wc",
        "tr",
        "cut",
        "base64",
        "jq",
    )
)
_LOCAL_PLACES = frozenset(map(PurePosixPath, (".", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin")))
"""Where these commands stand; `/opt/cni/bin/install` is a program of somebody's own."""

_FOLLOWS = re.compile(r"-[a-zA-Z]*[fF]\w*|--follow(=.*)?")
_RECURSIVE = re.compile(r"--recursive|--archive|-[a-zA-Z]*[rRa]")

_ONE_TRY = frozenset(
    ("nc", "ncat", "curl", "wget", "nslookup", "getent", "dig", "host", "ping", "pg_isready", "mysqladmin", "redis-cli")
)
"""Programs that ask once; a loop around them is what waits."""

_PATIENCE: Mapping[str, tuple[str, float]] = {
    "wait-for-it.sh": ("-t", 15),
    "wait-for-it": ("-t", 15),
    "wait-for": ("-t", 15),
    "wait4x": ("-t", 10),
    "dockerize": ("-timeout", 10),
}
"""Programs that wait with a deadline of their own: the option that sets it, and its default in seconds."""

_OURS = re.compile(r"""(?:^|["'])/initconstructs[/"']""")
"""What names a program of a preset: a script, or the path that `python3 -c` imports from.

The argument after it, if a number, is its total deadline in seconds; and it ends with 143 when it is asked to.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a command line says of its run.

    `worst_s` is infinite when nothing bounds it; `best_s` is infinite when it never ends by itself. `codes` are the
    possible exit codes, empty when they are not known; `term_code` is the code after SIGTERM, None when it is ignored.
    """

    best_s: float = 0.0
    worst_s: float = NEVER
    codes: frozenset[int] = frozenset()
    bound: str = ""
    creates: Mapping[str, float]
    term_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code where there is only one."""
        return next(iter(self.codes)) if len(self.codes) == 1 else None


def read_command(container: Container) -> Reading:
    """What the container's command, arguments and environment say."""
    variables = {
        name: value
        for _, variable in entries(container.raw, "env", "")
        if isinstance(name := variable.get("name"), str) and isinstance(value := variable.get("value"), str)
    }
    return _read(container.command, tuple(variables.items()))


def read_argv(argv: tuple[str, ...]) -> Reading:
    """What a bare command line says, such as that of a probe."""
    return _read(argv, ())


@lru_cache(maxsize=1024)
def _read(argv: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> Reading:
    variables = dict(environment)
    flow = _flow(list(argv), variables) if argv else _unknown()
    ends = [end.span for end in flow.ends] + ([flow.through] if flow.through else [])
    best = min((span.best for span in ends), default=NEVER)
    worst = max((span.worst for span in ends), default=NEVER)
    bound = flow.bound if worst < NEVER else ""
    if worst == NEVER and best < NEVER and (limit := _environment_limit(variables)):
        worst, bound = limit
    return Reading(
        best_s=best,
        worst_s=max(worst, best),
        codes=_codes(flow),
        bound=bound,
        creates=dict(flow.creates),
        term_code=_term_code(argv),
    )


def _codes(flow: Flow) -> frozenset[int]:
    codes = {end.code for end in flow.ends} | ({flow.code} if flow.through else set())
    known = frozenset(code for code in codes if code is not None)
    return known if None not in codes else frozenset()


def _unknown() -> Flow:
    return Flow(through=Span(0.0, NEVER))


def _flow(argv: list[str], variables: Mapping[str, str]) -> Flow:
    name = PurePosixPath(argv[0]).name
    if name == "busybox" and len(argv) > 1:
        return _flow(argv[1:], variables)
    if name in _SHELLS:
        return _shell(argv, variables)
    return _program([_substituted(word, variables) for word in argv])


def _substituted(word: str, variables: Mapping[str, str]) -> str:
    """Kubernetes replaces `$(NAME)` in commands and arguments, and `$$` by `$`."""
    return _REFERENCE.sub(lambda match: variables.get(match[1], match[0]) if match[1] else "$", word)


def _shell(argv: list[str], variables: Mapping[str, str]) -> Flow:
    if (flow := _of_a_preset(argv)) is not None:
        return flow
    options = next((index for index, word in enumerate(argv[1:], 1) if re.fullmatch(r"-[a-z]*c", word)), None)
    if options is None or options + 1 >= len(argv):
        return _limited_by_flag(argv) or _unknown()
    positional = {str(index): word for index, word in enumerate(argv[options + 2 :])}
    script = _substituted(argv[options + 1], variables)
    try:
        return read_script(script, {**variables, **positional}, _program)
    except UnreadableScript:
        return _limited_by_flag(argv[options + 2 :]) or _unknown()


def _program(words: list[str]) -> Flow:
    name = PurePosixPath(words[0]).name
    if name in ("exec", "sudo", "nohup", "env", "command") and len(words) > 1:
        return _program(words[1:])
    if name in _SHELLS and len(words) > 1:
        return _shell(words, {})
    reader = {"sleep": _sleep, "timeout": _timeout, "false": _false, "kubectl": _kubectl}.get(name)
    if reader:
        return reader(words)
    return _of_a_preset(words) or _patient(name, words) or _limited_by_flag(words) or _known(name, words) or _unknown()


def _known(name: str, words: list[str]) -> Flow | None:
    if PurePosixPath(words[0]).parent not in _LOCAL_PLACES:
        return None
    if name in _TESTS:
        return Flow()
    if name in _BUILT_IN or name in _AT_ONCE:
        return _at_once(name, words)
    if name in _LOCAL_UNLESS_RECURSIVE and not any(_RECURSIVE.fullmatch(word) for word in words[1:]):
        return Flow(through=None) if name == "tail" and any(map(_FOLLOWS.fullmatch, words)) else Flow()
    if name in _ONE_TRY:
        return Flow()
    return None


def _at_once(name: str, words: list[str]) -> Flow:
    creates = tuple((word, 0.0) for word in words[1:] if not word.startswith("-")) if name == "touch" else ()
    return Flow(code=0, creates=creates)


def _false(_words: list[str]) -> Flow:
    return Flow(code=1)


def _sleep(words: list[str]) -> Flow:
    if words[1:] in (["infinity"], ["inf"]):
        return Flow(through=None)
    times = [duration(word) for word in words[1:]]
    if not times or None in times:
        return Flow(through=Span(0.0, NEVER), code=0)
    total = sum(time for time in times if time is not None)
    return Flow(through=Span(total, total), code=0)


def _timeout(words: list[str]) -> Flow:
    """`timeout [-k 5] [-s TERM] [-t] 60 command ...`; the code is 124, or 143 by busybox, when the time is up."""
    rest = words[1:]
    while len(rest) > 1 and rest[0].startswith("-") and rest[0] != "-t":
        rest = rest[2:] if rest[0] in ("-k", "-s") else rest[1:]
    rest = rest[1:] if rest[:1] == ["-t"] else rest
    limit = duration(rest[0]) if rest else None
    if limit is None or len(rest) < 2:
        return _unknown()
    inner = _program(rest[1:])
    span = inner.through or (inner.ends[0].span if inner.ends else Span(NEVER, NEVER))
    cut = span.worst > limit
    return Flow(through=span.within(limit), code=None if cut else inner.code, bound=f"timeout {rest[0]}")


def _kubectl(words: list[str]) -> Flow:
    if "wait" in words:
        return _limited_by_flag(words) or Flow(through=Span(0.0, 30.0), bound="kubectl wait's own 30s")
    return _limited_by_flag(words) or (_unknown() if {"rollout", "logs", "exec"} & set(words) else Flow())


def _patient(name: str, words: list[str]) -> Flow | None:
    if name not in _PATIENCE:
        return None
    option, default = _PATIENCE[name]
    given = next((value for word, value in pairwise(words) if word == option), "")
    given = given or next((word[len(option) :].lstrip("=") for word in words if word.startswith(f"{option}=")), "")
    limit = duration(given) if given else None
    if limit is None and (flagged := _limited_by_flag(words)):
        return flagged
    if limit == 0:
        return _unknown()
    bound = f"{option} {given}" if limit else f"{name}'s own {default:g}s"
    return Flow(through=Span(0.0, limit or default), bound=bound)


def _of_a_preset(words: Sequence[str]) -> Flow | None:
    at = next((index for index, word in enumerate(words) if _OURS.search(word)), len(words))
    after = words[at + 1 :]
    if not after or not after[0].isdecimal() or not int(after[0]):
        return None
    return Flow(through=Span(0.0, float(after[0])), bound=f"the preset's own {after[0]}s")


def _limited_by_flag(words: list[str]) -> Flow | None:
    for index, word in enumerate(words):
        flag, _, value = word.partition("=")
        if not _TIMEOUT_FLAG.fullmatch(flag):
            continue
        limit = duration(value or (words[index + 1] if index + 1 < len(words) else ""))
        if limit:
            return Flow(through=Span(0.0, limit), bound=f"{flag} {value or words[index + 1]}")
    return None


def _environment_limit(variables: Mapping[str, str]) -> tuple[float, str] | None:
    for name, value in variables.items():
        if _TIMEOUT_VARIABLE.search(name) and (limit := duration(value)):
            return limit, f"{name}={value}"
    return None


def duration(text: str) -> float | None:
    """Seconds of `30`, `2.5`, `90s`, `5m`, `1h30m`; None for what is no duration."""
    match = _DURATION.fullmatch(text.strip())
    if not text.strip() or match is None:
        return None
    hours, minutes, rest = (float(part) if part else 0.0 for part in match.groups())
    total = hours * 3600 + minutes * 60 + rest
    return total if math.isfinite(total) else None


def _term_code(argv: tuple[str, ...]) -> int | None:
    """The exit code of a `trap ... TERM`; process 1 without a handler ignores the signal."""
    if any(_OURS.search(word) for word in argv):
        return 143
    match = _TRAP.search(argv[-1]) if argv else None
    if match is None:
        return None
    code = _EXIT.search(next(group for group in match.groups() if group is not None))
    return int(code[1]) if code else None
