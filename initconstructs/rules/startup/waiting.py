"""What a stage waits for, and whether it ever gives up: read from its loops and from the wait tools it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from initconstructs.manifests.pod_template import child
from initconstructs.manifests.shell.syntax import Loop
from initconstructs.manifests.shell.words import Word, identifiers, is_assignment
from initconstructs.rules.startup.calls import Call, calls_of_argv, calls_of_nodes
from initconstructs.rules.startup.stage import Stage, Workload

_CONSTANT = frozenset(["true", ":", "[", "test", "[["])
_TESTS = frozenset(["[", "test", "[["])
_FILE_TESTS = frozenset(["-e", "-f", "-d", "-s", "-S", "-r", "-w", "-x", "-L", "-h", "-p", "-b", "-c"])
_LEAVING = frozenset(["break", "exit", "return"])
_PAUSES = frozenset(["sleep", "usleep"])
_NETCATS = frozenset(["nc", "ncat", "netcat", "telnet"])
PORT_PROBES = _NETCATS | frozenset(["wait-for-it", "wait-for", "dockerize"])
PROBES = PORT_PROBES | frozenset(
    """nslookup dig host getent ping curl wget pg_isready psql mysqladmin mysql mariadb mariadb-admin redis-cli mongo
    mongosh rabbitmqctl rabbitmq-diagnostics cqlsh nodetool kafka-topics kafka-broker-api-versions kcat kafkacat
    clickhouse-client etcdctl consul vault nats grpc_health_probe kubectl oc""".split()  # noqa: SIM905
)


class Wait(NamedTuple):
    """A stage's wait: what it asks, and whether anything ends it but success."""

    asks: str
    bounded: bool


def waits(stage: Stage) -> tuple[Wait, ...]:
    """Every wait in what the stage runs."""
    if stage.repository == "k8s-wait-for":
        return (Wait("k8s-wait-for", bounded=False),)
    return _waits(stage.run)


@lru_cache(maxsize=4096)
def _waits(argv: tuple[str, ...]) -> tuple[Wait, ...]:
    calls = calls_of_argv(argv)
    tools = [Wait(name(call), bounded) for call in calls if (bounded := _tool_is_bounded(call)) is not None]
    return (*_waiting_loops(calls), *tools)


def name(call: Call) -> str:
    """The program without `.sh`: `wait-for-it.sh` is `wait-for-it`."""
    return call.program.removesuffix(".sh")


def deadline(workload: Workload) -> bool:
    """Whether activeDeadlineSeconds of the pod or of its Job ends every wait."""
    spec = child(workload.manifest, "spec")
    owners = [workload.spec, spec if workload.kind == "Job" else child(spec, "jobTemplate", "spec")]
    return any(owner.get("activeDeadlineSeconds") is not None for owner in owners)


def _tool_is_bounded(call: Call) -> bool | None:
    """Of a tool that waits by itself, whether it gives up; None for other programs."""
    arguments = call.arguments
    if name(call) in ("wait-for-it", "wait-for"):
        return _option(arguments, "-t", "--timeout") != "0" or call.timed
    if name(call) == "dockerize" and any(argument in ("-wait", "--wait") for argument in arguments):
        return True
    if name(call) in ("kubectl", "oc") and "wait" in arguments:
        return not (_option(arguments, "--timeout") or "30s").startswith("-") or call.timed
    if name(call) in ("kubectl", "oc") and "rollout" in arguments and "status" in arguments:
        return (_option(arguments, "--timeout") or "0s") not in ("0", "0s") or call.timed
    return None


def _option(arguments: tuple[str, ...], *names: str) -> str | None:
    for index, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option in names:
            return value if equals else next(iter(arguments[index + 1 : index + 2]), None)
    return None


def _waiting_loops(calls: tuple[Call, ...]) -> Iterator[Wait]:
    loops = {id(call.loops[-1]): call.loops[-1] for call in calls if call.loops}
    for loop in loops.values():
        own = [call for call in calls if call.loops and call.loops[-1] is loop]
        if _is_wait(loop, own):
            yield Wait(_asked(loop, own), _is_bounded(loop, own))


def _is_wait(loop: Loop, own: list[Call]) -> bool:
    programs = {name(call) for call in own}
    if loop.keyword in ("for", "select"):
        return bool(programs & PROBES) and bool(programs & _PAUSES)
    condition = list(calls_of_nodes(loop.condition))
    if any(call.program == "read" for call in condition):
        return False
    ends = not _is_constant(condition) or bool(programs & _LEAVING)
    return ends and bool(programs & (_PAUSES | PROBES))


def _is_constant(condition: Iterable[Call]) -> bool:
    return all(call.program in _CONSTANT and not any(_asks(word) for word in call.words[1:]) for call in condition)


def _asks(word: Word) -> bool:
    """A variable, a command, or a file test such as -f; `[ 1 -eq 1 ]` asks nothing."""
    return bool(word.variables or word.substitutions) or word.text in _FILE_TESTS


def _asked(loop: Loop, own: list[Call]) -> str:
    probe = next((call for call in own if name(call) in PROBES), None)
    first = next(calls_of_nodes(loop.condition), None)
    call = probe or first
    return name(call) if call and call.words and call.program not in _CONSTANT else "a condition"


def _is_bounded(loop: Loop, own: list[Call]) -> bool:
    if all(call.timed for call in own) or loop.keyword == "for":
        return not _is_endless_for(loop)
    return bool(_counted(own) & _compared(own))


def _is_endless_for(loop: Loop) -> bool:
    """`for ((;;))` holds no word at all."""
    return loop.keyword == "for" and not any(call.words for call in calls_of_nodes(loop.condition))


def _counted(calls: Iterable[Call]) -> set[str]:
    """The variables that grow with each round: `i=$((i+1))`, `let i++`, `now=$(date +%s)`, and the shell's own."""
    counted = {"SECONDS"}
    for call in calls:
        assigned = [word for word in (*call.assignments, *call.words) if is_assignment(word)]
        for word in assigned:
            target, _, value = word.text.partition("=")
            if target.endswith("+") or any(mark in value for mark in ("$((", "expr", "date", "let ")):
                counted.add(target.rstrip("+"))
        arithmetic = [
            word.text for word in call.words if "++" in word.text or "--" in word.text[1:] or "+=" in word.text
        ]
        counted.update(variable for text in arithmetic for variable in identifiers(text))
    return counted


def _compared(calls: Iterable[Call]) -> set[str]:
    """The variables that a test or an arithmetic comparison looks at."""
    compared: set[str] = set()
    for call in calls:
        if call.program in _TESTS:
            compared.update(variable for word in call.words for variable in word.variables)
            substitutions = [text for word in call.words for text in word.substitutions]
            compared.update({"SECONDS"} if any("date" in text for text in substitutions) else ())
        elif call.words and call.program.replace("_", "a").isalnum():
            compared.update([call.program] if call.redirections or len(call.words) > 1 else [])
    return compared


SERVERS: Mapping[str, str] = {
    "5432": "PostgreSQL",
    "3306": "MySQL",
    "33060": "MySQL",
    "6379": "Redis",
    "26379": "Redis Sentinel",
    "27017": "MongoDB",
    "5672": "RabbitMQ",
    "9092": "Kafka",
    "9042": "Cassandra",
    "1433": "SQL Server",
    "1521": "Oracle",
    "2181": "ZooKeeper",
    "11211": "Memcached",
    "26257": "CockroachDB",
}
_SERVER_NAMES = {
    "postgres": "PostgreSQL",
    "pgsql": "PostgreSQL",
    "pgbouncer": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "redis": "Redis",
    "valkey": "Valkey",
    "mongo": "MongoDB",
    "rabbitmq": "RabbitMQ",
    "kafka": "Kafka",
    "cassandra": "Cassandra",
    "clickhouse": "ClickHouse",
    "cockroach": "CockroachDB",
    "zookeeper": "ZooKeeper",
    "database": "a database",
}
_SHORT_NAMES = {"db": "a database", "pg": "PostgreSQL", "mssql": "SQL Server", "sql": "a database"}


@lru_cache(maxsize=1024)
def database_in(target: str) -> str:
    """The kind of server that a host, port or address names; '' when it names none that we know."""
    tokens = "".join(character if character.isalnum() else " " for character in target.lower()).split()
    for token in tokens:
        for start, server in _SERVER_NAMES.items():
            if token.startswith(start):
                return server
    known = [SERVERS.get(token) or _SHORT_NAMES.get(token) or "" for token in tokens]
    return next(filter(None, known), "")


@lru_cache(maxsize=4096)
def probed_ports(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Every host and port that what runs looks at in that way."""
    return tuple(target for call in calls_of_argv(argv) for target in port_probe_targets(call))


def port_probe_targets(call: Call) -> list[str]:
    """Host and port of a program that only opens a connection; empty for other programs."""
    device = [target for target in call.targets if target.startswith("/dev/tcp/")]
    if device:
        return [target.removeprefix("/dev/tcp/") for target in device]
    if name(call) not in PORT_PROBES or (name(call) in _NETCATS and not (call.has_option("z") or call.loops)):
        return []
    operands = call.operands("-w", "-i", "-q", "-p", "-s", "-t", "-timeout", "--timeout")
    if name(call) == "dockerize":
        return [operand for operand in operands if operand.startswith("tcp://")]
    return [" ".join(operands[:2])] if name(call) in _NETCATS else operands[:1]
