"""Which programs a script calls, and under which circumstances: in which loop, after which test, with what timeout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from initconstructs.manifests.shell.syntax import (
    AndOr,
    Function,
    If,
    Loop,
    Node,
    Redirection,
    Simple,
    children,
    parse,
)
from initconstructs.manifests.shell.words import Word, is_assignment

SHELLS = frozenset(["sh", "ash", "bash", "dash", "ksh", "zsh"])
_WRAPPERS = frozenset(
    [
        "exec",
        "sudo",
        "env",
        "nohup",
        "time",
        "command",
        "gosu",
        "su-exec",
        "busybox",
        "chroot",
        "eval",
        "timeout",
        "nice",
        "nsenter",
        "dumb-init",
        "tini",
    ]
)
_WITH_OPERAND = {"timeout": 1, "gosu": 1, "su-exec": 1, "chroot": 1}
_VALUED_OPTIONS = {"timeout": ("-s", "-k", "-t"), "sudo": ("-u", "-g"), "env": ("-u",), "nice": ("-n",)}
_DEEPEST = 5


@dataclass(frozen=True)
class Call:
    """One program with its arguments, wrappers such as `exec` and `timeout 5` taken off."""

    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()
    assignments: tuple[Word, ...] = ()
    loops: tuple[Loop, ...] = ()
    """The loops around it, the innermost last."""
    tests: tuple[Call, ...] = ()
    """What decides whether it runs at all."""
    timed: bool = False
    """Whether `timeout` ends it, or what it is part of."""
    functions: frozenset[str] = frozenset()
    """The script's own functions, which are no programs."""

    @cached_property
    def program(self) -> str:
        """The name of the program, without its directory."""
        return self.words[0].text.rsplit("/", 1)[-1] if self.words else ""

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """The texts after the program."""
        return tuple(word.text for word in self.words[1:])

    @property
    def targets(self) -> tuple[str, ...]:
        """What `<` and `>` name."""
        return tuple(each.target.text for each in self.redirections)

    def has_option(self, letter: str, *long: str) -> bool:
        """Whether `-x`, alone or among others as in `-rx`, or a long option is given."""
        return any(_is_option(argument, letter) or argument.split("=")[0] in long for argument in self.arguments)

    def operands(self, *valued: str) -> list[str]:
        """The arguments that are no options; `valued` options take the argument after them."""
        found: list[str] = []
        arguments = iter(self.arguments)
        for argument in arguments:
            if argument in valued:
                next(arguments, None)
            elif not argument.startswith("-") or argument == "-":
                found.append(argument)
        return found


def _is_option(argument: str, letter: str) -> bool:
    return argument.startswith("-") and not argument.startswith("--") and letter in argument[1:]


def authority(address: str) -> str:
    """`user:password@host:port` of a URL, or of an address without a scheme."""
    rest = address.partition("://")[2] or address
    return rest.partition("/")[0].partition("?")[0]


def script_of(argv: Sequence[Word]) -> tuple[str, tuple[Word, ...]] | None:
    """The script that `sh -c` gets, and the words after it; None when this starts no shell with a script."""
    if not argv or argv[0].text.rsplit("/", 1)[-1] not in SHELLS:
        return None
    at, has_script = 1, False
    while at < len(argv) and argv[at].text[:1] in ("-", "+") and len(argv[at].text) > 1:
        option = argv[at].text
        if not option.startswith("--"):
            has_script = has_script or "c" in option
            at += option.count("o") if option[0] == "-" and option[1:2] != "-" else 0
        at += 1
    if not has_script or at >= len(argv):
        return None
    return argv[at].text, tuple(argv[at + 1 :])


@lru_cache(maxsize=4096)
def calls_of_argv(argv: tuple[str, ...]) -> tuple[Call, ...]:
    """Every call that a container's command makes, in scripts within scripts too."""
    words = tuple(_kubelet_word(text) for text in argv)
    return tuple(_of_words(Call(words), 0)) if words else ()


@lru_cache(maxsize=4096)
def by_program(argv: tuple[str, ...]) -> Mapping[str, tuple[Call, ...]]:
    """The same calls, by the name of their program."""
    index: dict[str, list[Call]] = defaultdict(list)
    for call in calls_of_argv(argv):
        index[call.program].append(call)
    return {program: tuple(calls) for program, calls in index.items()}


def calls_of_nodes(nodes: Sequence[Node], frame: Call | None = None, depth: int = 0) -> Iterator[Call]:
    """Every call below these nodes; `frame` holds the circumstances."""
    frame = frame or Call(())
    defined = {node.name for node in nodes if isinstance(node, Function)}
    if defined:
        frame = replace(frame, functions=frame.functions | defined)
    for node in nodes:
        yield from _of_node(node, frame, depth)


def _of_node(node: Node, frame: Call, depth: int) -> Iterator[Call]:
    if isinstance(node, Simple):
        yield from _of_simple(node, frame, depth)
    elif isinstance(node, Loop):
        inside = replace(frame, loops=(*frame.loops, node))
        yield from calls_of_nodes(node.condition, inside, depth)
        yield from calls_of_nodes(node.body, inside, depth)
    elif isinstance(node, If):
        asked = tuple(calls_of_nodes(node.condition, frame, depth))
        yield from asked
        yield from calls_of_nodes((*node.then, *node.otherwise), replace(frame, tests=frame.tests + asked), depth)
    elif isinstance(node, AndOr):
        left = tuple(_of_node(node.left, frame, depth))
        yield from left
        yield from _of_node(node.right, replace(frame, tests=frame.tests + left), depth)
    else:
        yield from calls_of_nodes(children(node), frame, depth)


def _of_simple(node: Simple, frame: Call, depth: int) -> Iterator[Call]:
    assigned = 0
    while assigned < len(node.words) and is_assignment(node.words[assigned]):
        assigned += 1
    call = replace(
        frame,
        words=node.words[assigned:],
        assignments=node.words[:assigned],
        redirections=node.redirections,
    )
    if call.program not in frame.functions:
        yield from _of_words(call, depth)
    if depth < _DEEPEST:
        for word in (*node.words, *(each.target for each in node.redirections)):
            for substitution in word.substitutions:
                yield from calls_of_nodes(parse(substitution).nodes, frame, depth + 1)


def _of_words(call: Call, depth: int) -> Iterator[Call]:
    """The call without its wrappers, and what a shell among its words runs."""
    while call.program in _WRAPPERS and len(call.words) > 1:
        call = _unwrapped(call)
    yield call
    found = script_of(call.words)
    if found and depth < _DEEPEST:
        frame = replace(call, words=(), assignments=(), redirections=())
        yield from calls_of_nodes(parse(found[0]).nodes, frame, depth + 1)


def _unwrapped(call: Call) -> Call:
    wrapper, rest = call.program, list(call.words[1:])
    if (end := next((at for at, word in enumerate(rest) if word.text == "--"), -1)) >= 0:
        return replace(call, words=tuple(rest[end + 1 :]), timed=call.timed or wrapper == "timeout")
    operands = _WITH_OPERAND.get(wrapper, 0)
    assignments = list(call.assignments)
    while rest and (rest[0].text.startswith("-") or (wrapper == "env" and is_assignment(rest[0])) or operands):
        word = rest.pop(0)
        if word.text in _VALUED_OPTIONS.get(wrapper, ()) and rest:
            rest.pop(0)
        elif is_assignment(word) and wrapper == "env":
            assignments.append(word)
        elif not word.text.startswith("-"):
            operands -= 1
    return replace(call, words=tuple(rest), assignments=tuple(assignments), timed=call.timed or wrapper == "timeout")


def _kubelet_word(text: str) -> Word:
    """The kubelet expands `$(NAME)` in command and args, and makes `$` of `$$`."""
    return Word(text.replace("$$", "$"), variables=tuple(_kubelet_variables(text)), quoted=True)


def _kubelet_variables(text: str) -> Iterator[str]:
    for part in text.replace("$$", "").split("$(")[1:]:
        name, closed, _ = part.partition(")")
        if closed and name.replace("_", "a").replace("-", "a").replace(".", "a").isalnum():
            yield name
