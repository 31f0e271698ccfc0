"""What probes and lifecycle hooks do: run a command, call a port, or sleep.

Source: validateHandler in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import http_header, port, port_number
from initconstructs.rules.api_server.pod_context import PodContext

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def handler(node: Node, path: str, pod: PodContext) -> Problems:
    """A probe or a hook: exactly one handler, and what it needs."""
    given = [name for name in _HANDLERS if name in node]
    if given:
        yield from _CHECKS[given[0]](node[given[0]], f"{path}.{given[0]}", pod)
    if len(given) != 1:
        yield from handler_type(given, path)


@rule("handler-type", fix="Keep exactly one of exec, httpGet, tcpSocket and grpc (in hooks: sleep).")
def handler_type(given: list[str], path: str) -> Causes:
    """A probe or hook has one handler.

    What: exactly one of `exec`, `httpGet`, `tcpSocket`, `grpc` and, in a hook, `sleep`.
    Why: the kubelet runs one action; with none there is nothing to run, with two it can't choose.
    Example: `livenessProbe: {periodSeconds: 5}` has none.
    Fix: add a handler, or remove all but one; a second one is ignored by the rules, so it may be wrong as well.
    Source: validateHandler in pkg/apis/core/validation/validation.go
    """
    if not given:
        yield required(path, "must specify a handler type")
    for name in given[1:]:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")


@rule("handler-command", fix="Give exec a command: a list of at least one word.")
def handler_command(action: Node, path: str, _: PodContext) -> Causes:
    """An exec handler has a command.

    What: `exec.command` is a list of at least one word.
    Why: the kubelet runs it directly, without a shell.
    Example: `exec: {}`.
    Fix: `exec: {command: [sh, -c, "test -f /ready"]}`.
    Source: validateExecAction in pkg/apis/core/validation/validation.go
    """
    if not action.get("command"):
        yield required(f"{path}.command")


@rule("handler-http", fix="Use a port from 1 to 65535 or a port's name, scheme HTTP or HTTPS, and plain header names.")
def handler_http(action: Node, path: str, _: PodContext) -> Causes:
    """An HTTP handler names a port, a scheme and headers that can be sent.

    What: `port` is a number from 1 to 65535 or a port name, `scheme` is HTTP or HTTPS, header names hold
    letters, digits and `-`.
    Why: the kubelet builds a request of it; whether a port of that name exists is not checked here.
    Example: `scheme: https`, `port: 0`.
    Fix: `httpGet: {path: /healthz, port: http, scheme: HTTPS}`.
    Source: validateHTTPGetAction in pkg/apis/core/validation/validation.go
    """
    yield from _port(action, path)
    scheme = action.get("scheme") or "HTTP"
    if scheme not in {"HTTP", "HTTPS"}:
        yield not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS"))
    for header in action.get("httpHeaders") or ():
        for complaint in http_header(header.get("name", "")):
            yield invalid(f"{path}.httpHeaders", header.get("name", ""), complaint)


@rule("handler-port", fix="Use a port from 1 to 65535; tcpSocket also takes the name of a port.")
def handler_tcp(action: Node, path: str, _: PodContext) -> Causes:
    """A TCP or gRPC handler names a port.

    What: a number from 1 to 65535; for `tcpSocket` also a port name.
    Why: the kubelet connects to it.
    Example: `tcpSocket: {}` means port 0.
    Fix: `tcpSocket: {port: 5432}`.
    Source: validateTCPSocketAction and validateGRPCAction in pkg/apis/core/validation/validation.go
    """
    yield from _port(action, path)


@rule("hook-sleep", fix="Sleep no longer than terminationGracePeriodSeconds; 0 is legal from Kubernetes 1.33.")
def handler_sleep(action: Node, path: str, pod: PodContext) -> Causes:
    """A sleep hook ends within the grace period.

    What: `sleep.seconds` is at least 0 (1 before Kubernetes 1.33) and at most the pod's grace period, 30 by default.
    Why: what is left of the grace period is all that the container has to stop.
    Example: `preStop: {sleep: {seconds: 60}}` with the default grace period.
    Fix: sleep less, or raise terminationGracePeriodSeconds.
    Source: validateSleepAction in pkg/apis/core/validation/validation.go
    """
    least = 0 if pod.target.enabled("PodLifecycleSleepActionAllowZero") else 1
    seconds = action.get("seconds", 0)
    if not least <= seconds <= pod.grace_period:
        words = "non-negative" if least == 0 else "greater than 0"
        detail = f"must be {words} and less than terminationGracePeriodSeconds ({pod.grace_period})"
        if pod.target.minor == 32:
            detail += ". Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
        yield invalid(path, seconds, detail)


def _port(action: Node, path: str) -> Causes:
    value = action.get("port", 0)
    for complaint in port(value) if isinstance(value, str) else port_number(value):
        yield invalid(f"{path}.port", value, complaint)


_CHECKS: Mapping[str, Callable[[Node, str, PodContext], Problems]] = {
    "exec": handler_command,
    "httpGet": handler_http,
    "tcpSocket": handler_tcp,
    "grpc": handler_tcp,
    "sleep": handler_sleep,
}

RULES = (handler_type.rule, handler_command.rule, handler_http.rule, handler_tcp.rule, handler_sleep.rule)
