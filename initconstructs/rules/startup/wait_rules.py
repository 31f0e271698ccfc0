"""Hazards of waiting: no deadline, the wrong question, the wrong tool."""

from __future__ import annotations

from functools import partial

from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import authority
from initconstructs.rules.startup.environment import expanded
from initconstructs.rules.startup.stage import Stage, Workload
from initconstructs.rules.startup.waiting import SERVERS, database_in, deadline, probed_ports, waits

_rule = partial(rule, family="startup", severity=Severity.WARNING)


@_rule(
    "unbounded-wait",
    fix="Give the wait a total deadline, such as `timeout 300 sh -c '...'` or a counted loop that exits 1.",
)
def unbounded_wait(workload: Workload) -> Places:
    """A stage waits and never gives up.

    What: a loop or a wait tool that only success ends: no counter, no `timeout`, no activeDeadlineSeconds.
    Why: the pod stays in Init:0/n for ever, without an event, a restart or an exit code that anyone could alert on; a
    roll-out hangs until progressDeadlineSeconds and says nothing of the cause. Seen in 85 of 112 waits of 82 public
    repositories.
    Example: `until nc -z db 5432; do sleep 2; done`
    Fix: `timeout 300 sh -c 'until pg_isready -h db; do sleep 2; done'`: after five minutes the stage fails, the kubelet
    shows Init:Error, and the last line names what was missing.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/ (an init container runs until it ends)
    """
    if deadline(workload):
        return
    for stage in workload.init_stages:
        endless = [wait.asks for wait in waits(stage) if not wait.bounded]
        if endless:
            yield stage.command_path, f"{stage.name!r} waits for {endless[0]} without a deadline: it can hang for ever"


@_rule("port-only-wait", fix="Ask the server itself: pg_isready, mysqladmin ping, redis-cli ping, mongosh --eval, ...")
def port_only_wait(workload: Workload) -> Places:
    """A stage takes an open port for a database that serves.

    What: nc, telnet, /dev/tcp, wait-for-it or dockerize looks at the port of a database or broker.
    Why: a database opens its port before it has recovered, loaded its data or created its first user; a proxy or a
    Service in front opens it with nobody behind. The next stage then fails once in a while. Seen in 29 of 112 waits.
    Example: `until nc -z postgres 5432; do sleep 1; done`
    Fix: `pg_isready -h postgres -t 5` in the loop, from the server's own image.
    Source: https://www.postgresql.org/docs/current/app-pg-isready.html (exit 1: the server rejects connections)
    """
    for stage in workload.init_stages:
        targets = (expanded(stage, target) for target in probed_ports(stage.run))
        server = next(filter(None, map(database_in, targets)), "")
        if server:
            yield stage.command_path, f"{stage.name!r} sees only that a port of {server} is open, not that it serves"


@_rule(
    "nslookup-wait", fix="Use getent hosts, or a name with a dot at its end; or wait for the service, not for its name."
)
def nslookup_wait(workload: Workload) -> Places:
    """A stage resolves names with the nslookup of a busybox that can't.

    What: nslookup in a busybox image without a tag or newer than 1.28.
    Why: from 1.29 on its nslookup asks for A and AAAA at once and fails when one of them has no answer, and it does not
    walk the search list as the resolver of a program does (ndots), so that it fails where the app would succeed, or
    waits for ever. A name that resolves says nothing of a server that serves. Seen in 4 of 9 waits by nslookup.
    Example: `image: busybox` with `until nslookup db; do sleep 2; done`
    Fix: `getent hosts db`, or better the server's own health check.
    Source: https://github.com/docker-library/busybox/issues/48
    """
    for stage in workload.init_stages:
        if stage.repository != "busybox" or _is_before_1_29(stage.tag):
            continue
        names = [operand for call in stage.called("nslookup") for operand in call.operands()[:1]]
        if any(not name.endswith(".") for name in names):
            image = f"busybox {stage.tag}" if stage.tag else "a busybox without a tag"
            yield stage.command_path, f"{stage.name!r} relies on nslookup of {image}, which fails on names that exist"


def _is_before_1_29(tag: str) -> bool:
    major, _, rest = tag.partition(".")
    minor = "".join(character for character in rest.partition(".")[0].partition("-")[0] if character.isdigit())
    return major == "1" and minor.isdigit() and int(minor) < 29


@_rule("fixed-sleep", fix="Wait for what the stage needs, with a deadline, instead of for a time.")
def fixed_sleep(workload: Workload) -> Places:
    """A stage sleeps for a fixed time.

    What: `sleep n` outside any loop in an init container.
    Why: it is too short on the day it matters and too long on all others; every start of every pod pays for it.
    Example: `command: [sh, -c, "sleep 30"]`
    Fix: a wait that asks whether the thing is there, every second or two, and gives up after a deadline.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
    """
    for stage in workload.init_stages:
        sleeps = [call for call in stage.called("sleep") if not call.loops and call.words[1:]]
        if sleeps:
            yield (
                stage.command_path,
                f"{stage.name!r} sleeps for {sleeps[0].arguments[0]} instead of waiting for something",
            )


@_rule("http-on-database-port", fix="Ask the server in its own protocol: pg_isready, redis-cli ping, ...")
def http_on_database_port(workload: Workload) -> Places:
    """A stage sends HTTP to a server that doesn't speak it.

    What: curl or wget on the port of a database or broker.
    Why: the server answers with an error or not at all, so that the wait never ends, or its log fills with complaints.
    Example: `until curl -s http://postgres:5432; do sleep 1; done`
    Fix: `pg_isready -h postgres`
    Source: https://www.postgresql.org/docs/current/protocol.html
    """
    for stage in workload.init_stages:
        for call in stage.called("curl", "wget"):
            if server := _database_of_urls(stage, call.arguments):
                yield stage.command_path, f"{stage.name!r} sends HTTP to {server}, which does not speak it"
                break


def _database_of_urls(stage: Stage, arguments: tuple[str, ...]) -> str:
    for argument in arguments:
        _, colon, port = authority(expanded(stage, argument)).rpartition(":")
        if colon and port in SERVERS:
            return f"port {port} of {SERVERS[port]}"
    return ""


CHECKS: tuple[Check[[Workload]], ...] = (
    unbounded_wait,
    port_only_wait,
    nslookup_wait,
    fixed_sleep,
    http_on_database_port,
)
