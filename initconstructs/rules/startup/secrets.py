"""Hazards of secrets in commands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initconstructs.manifests.pod_template import entries
from initconstructs.manifests.shell.words import Word
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import Call, authority
from initconstructs.rules.startup.environment import secret_variables, sounds_secret
from initconstructs.rules.startup.stage import Workload

_rule = partial(rule, family="startup", severity=Severity.WARNING)

_BUILTINS = frozenset(
    ["", "echo", "printf", "export", "test", "[", "[[", ":", "read", "set", "unset", "local", "return"]
)
_PASSWORD_OPTIONS = frozenset(["--password", "--passwd", "--secret", "--token", "--secret-key", "--api-key"])


@_rule(
    "secret-on-command-line",
    fix="Pass the secret by environment or file: PGPASSWORD, ~/.netrc, --password-file, stdin.",
)
def secret_on_command_line(workload: Workload) -> Places:
    """A secret is expanded into the arguments of a program.

    What: a variable from a Secret, or one whose name says so, stands among the words of a command.
    Why: arguments are readable by every process of the node's user and of the pod (/proc/*/cmdline), by sidecars that
    share the process namespace, and end in crash reports and audit logs.
    Example: `mysql -p$DB_PASSWORD -e 'select 1'`
    Fix: `MYSQL_PWD` or an option file; `PGPASSWORD` in env for psql; `curl --netrc-file`; a mounted file.
    Source: proc(5), /proc/pid/cmdline
    """
    for stage in workload.stages:
        secrets = secret_variables(stage)
        found = next((pair for call in stage.calls for pair in _exposed(call, secrets)), None)
        if found:
            program, variable = found
            yield stage.command_path, f"{stage.name!r} shows ${variable} on the command line of {program}"


def _exposed(call: Call, secrets: frozenset[str]) -> Iterator[tuple[str, str]]:
    if call.program in _BUILTINS:
        return
    for word in call.words[1:]:
        for variable in word.variables:
            if (variable in secrets or sounds_secret(variable)) and not _is_script(call, word):
                yield call.program, variable


def _is_script(call: Call, word: Word) -> bool:
    """The script of `sh -c '... $X ...'` in single quotes is expanded by that shell, whose calls are looked at."""
    return "-c" in call.arguments and (" " in word.text or "\n" in word.text)


@_rule("literal-credential", fix="Keep it in a Secret and refer to it with valueFrom.secretKeyRef.")
def literal_credential(workload: Workload) -> Places:
    """A credential stands in the manifest.

    What: a variable named like a password or token has a literal value, or a command holds one: `--password=x`,
    `PGPASSWORD=x psql`, `https://user:pass@host`.
    Why: everyone who reads the manifest, its repository, its snapshot or the output of kubectl has it.
    Example: `env: [{name: DB_PASSWORD, value: hunter2}]`
    Fix: `valueFrom: {secretKeyRef: {name: shop-db, key: password}}`
    Source: https://kubernetes.io/docs/concepts/configuration/secret/
    """
    for stage in workload.stages:
        for path, entry in entries(stage.container, "env", stage.path):
            value = entry.get("value")
            if isinstance(value, str) and sounds_secret(str(entry.get("name"))) and _is_literal(value):
                yield f"{path}.value", f"{stage.name!r} holds the value of {entry.get('name')} in the manifest"
        if shown := next((found for call in stage.calls for found in _literals(call)), ""):
            yield stage.command_path, f"{stage.name!r} has a credential in its command: {shown}"


def _is_literal(value: str) -> bool:
    return bool(value) and "$" not in value and not value.startswith("/") and value.lower() not in ("true", "false")


def _literals(call: Call) -> Iterator[str]:
    for word in call.assignments:
        variable, _, value = word.text.partition("=")
        if sounds_secret(variable) and _is_literal(value) and not word.substitutions:
            yield f"{variable}=***"
    for word in call.words[1:]:
        option, equals, value = word.text.partition("=")
        if equals and option in _PASSWORD_OPTIONS and _is_literal(value) and not word.variables:
            yield f"{option}=***"
        elif "://" in word.text and "@" in word.text and _has_password(word):
            yield "a URL with a password"


def _has_password(word: Word) -> bool:
    user, at, _ = authority(word.text).rpartition("@")
    return bool(at) and _is_literal(user.partition(":")[2])


CHECKS: tuple[Check[[Workload]], ...] = (secret_on_command_line, literal_credential)
