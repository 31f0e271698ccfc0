"""A secret given to a preset is in its variable alone: not in an argument, a log, a report, nor another variable.

Every parameter of the catalogue that takes one is held against it: a new one fails until `SECRETS` says how.
What is mounted as files is held in `test_canary_files`; what programs fetch, in the tests of `fetching`.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import presets_doc
import pytest

from initconstructs import Container, DeploymentSpec, ModelError, SecretKey, Settings, render, rules
from initconstructs.cli.options import FORMATS
from initconstructs.model.environment import EnvValue
from initconstructs.model.stages import BaseStage, Step
from initconstructs.model.volumes import InlineFiles, Volume
from initconstructs.presets import configuring, fetching, migrating, preparing, sidecars, waiting, warming
from initconstructs.reports.explain import DIFF_FORMATS, EXPLAIN_FORMATS, compare, diff, explain
from initconstructs.reports.summary import summarize
from tests.presets.fetching_hub import COMMIT

CANARY = "canary$(HOME)7f3a'\"`id`"
SECRET, OTHER = SecretKey("shop", "canary-key"), SecretKey("shop", "other")
SHELL = ["/bin/sh", "-c", 'test "$S" && echo started && exit "$0"']
SHA = "0" * 64
NOWHERE = "http://127.0.0.1:9"


@dataclasses.dataclass(frozen=True)
class Given:
    """A preset that is given a secret; its server, where it asks one, is at the URL.

    `code` is how it ends here with the secret being `value`, if it is run at all; `isolated` shows the arguments of all
    that it starts. `open` is for a parameter whose text is no secret.
    """

    make: Callable[[Any, str], Step]
    code: int | None = None
    value: str = CANARY
    isolated: bool = False
    open: bool = False


def migration(function: str, parameter: str, *words: Any, **more: Any) -> Given:
    """With any of the tools, none of which is here."""

    def make(secret: EnvValue, _: str) -> Step:
        given = {"image": "a:1", "timeout": 1, **more}
        if function != "golang_migrate":
            given["database_url"] = OTHER
        given[parameter] = {"S": secret} if parameter == "env" else secret
        return getattr(migrating, function)(*words, **given)

    return Given(make)


def host(function: str, **more: Any) -> Given:
    return Given(lambda secret, _: getattr(waiting, function)(secret, timeout=1, **more), 1, open=True)


def port(function: str) -> Given:
    return Given(lambda secret, _: getattr(waiting, function)("127.0.0.1", port=secret, timeout=1), 2, open=True)


def keys(function: str, *words: Any, **more: Any) -> Given:
    """The server repeats all that it hears."""

    def make(secret: SecretKey, url: str) -> Step:
        known = fetching.AwsKeys(key_id=OTHER, secret=secret)
        given = {"keys": known, "endpoint": url, "region": "eu-west-1", "timeout": 60, **more}
        return getattr(fetching, function)(*words, **given)

    return Given(make, 1)


def loading(parameter: str, **more: Any) -> Given:
    def make(secret: EnvValue, url: str) -> Step:
        given = {parameter: {"S": secret} if parameter == "env" else secret, **more}
        return warming.redis("127.0.0.1", int(url.rpartition(":")[2]), budget=60, required=True, **given)

    return Given(make, 1)


def hub(function: str) -> Given:
    def make(secret: SecretKey, url: str) -> Step:
        return getattr(warming, function)("a/b", revision=COMMIT, endpoint=url, token=secret, budget=2)

    return Given(make, 0, "canary-7f3a")


def sidecar(function: str, *words: str) -> Given:
    return Given(lambda secret, _: getattr(sidecars, function)(*words, env={"S": secret}))


MIGRATIONS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "alembic": ((), {}),
    "atlas": ((), {"environment": "e"}),
    "command": ((["true"],), {}),
    "dbmate": ((), {}),
    "django": ((), {}),
    "flyway": ((), {}),
    "golang_migrate": ((), {"database": "postgres://db/shop", "path": "/m"}),
    "goose": ((), {}),
    "knex": ((), {}),
    "liquibase": ((), {"changelog": "c.xml"}),
    "prisma": ((), {}),
    "rails": ((), {}),
    "sqitch": ((), {}),
    "sql": (("/m",), {"mounts": [Volume("m", InlineFiles({"1.sql": "SELECT 1;"})).at("/m")]}),
}
WAITS = ("elasticsearch", "kafka", "memcached", "mongodb", "mysql", "nats", "postgres", "rabbitmq", "redis")

SECRETS = {
    **{
        f"migrating.{name} {parameter}": migration(name, parameter, *words, **more)
        for name, (words, more) in MIGRATIONS.items()
        for parameter in ("database_url", "env")
        if (name, parameter) != ("golang_migrate", "database_url")
    },
    "migrating.flyway user": migration("flyway", "user"),
    "migrating.flyway password": migration("flyway", "password"),
    **{
        f"migrating.{name} database_url; {what}": dataclasses.replace(
            migration(name, "database_url", *MIGRATIONS[name][0], **MIGRATIONS[name][1]), code=code, value=value
        )
        for name in ("command", "sql")
        for what, code, value in (
            ("is no URL", 2, CANARY),
            ("PostgreSQL is not there", 124, "postgres://canary:canary@127.0.0.1:9/canary"),
            ("MySQL is not there", 124, "mysql://canary:canary@127.0.0.1:9/canary"),
        )
    },
    "migrating.flyway password; no such tool": dataclasses.replace(
        migration("flyway", "password", timeout=60), code=127
    ),
    "migrating.in_job": Given(
        lambda secret, _: migrating.in_job(migrating.alembic(image="a:1", database_url=secret), timeout=1)
    ),
    "configuring.render env": Given(
        lambda secret, _: configuring.render({"a": "x = ${S}"}, to="/out", env={"S": secret}, user=1000),
        0,
        isolated=True,
    ),
    "preparing.restore env": Given(
        lambda secret, _: preparing.restore([*SHELL, "0"], image="a:1", to="/out", env={"S": secret}), 0, isolated=True
    ),
    "preparing.restore env; it fails": Given(
        lambda secret, _: preparing.restore([*SHELL, "3"], image="a:1", to="/out", env={"S": secret}), 1, isolated=True
    ),
    "waiting.command env": Given(
        lambda secret, _: waiting.command([*SHELL, "1"], image="a:1", env={"S": secret}, timeout=1), 1, isolated=True
    ),
    "waiting.http headers": Given(
        lambda secret, url: waiting.http(url, headers={"Authorization": secret}, timeout=1), 1, "Bearer canary"
    ),
    "waiting.http url": dataclasses.replace(host("http"), code=2),
    "waiting.dns host": host("dns"),
    "waiting.tcp host": host("tcp", port=9),
    "waiting.tcp port": port("tcp"),
    "waiting.grpc host": host("grpc", port=9),
    "waiting.grpc port": port("grpc"),
    **{f"waiting.{name} host": host(name, **({"topic": "t"} if name == "kafka" else {})) for name in WAITS},
    **{f"waiting.{name} port": port(name) for name in WAITS},
    "fetching.https token": Given(
        lambda secret, url: fetching.https(f"{url}/a", sha256=SHA, token=secret, timeout=60), 1, "canary-7f3a"
    ),
    "fetching.https headers": Given(
        lambda secret, url: fetching.https(f"{url}/a", sha256=SHA, headers={"X-Key": secret}, timeout=60), 1, "canary"
    ),
    "fetching.https token; no header carries it": Given(
        lambda secret, url: fetching.https(f"{url}/a", sha256=SHA, token=secret, timeout=60), 1, "canary\ncanary"
    ),
    "fetching.https token; the server is not there": Given(
        lambda secret, _: fetching.https(f"{NOWHERE}/a", sha256=SHA, token=secret, timeout=1), 124
    ),
    "fetching.huggingface token": Given(
        lambda secret, url: fetching.huggingface("a/b", revision=COMMIT, endpoint=url, token=secret, timeout=60),
        1,
        "canary-7f3a",
    ),
    "fetching.git token": Given(
        lambda secret, url: fetching.git(f"{url}/a.git", ref="main", token=secret, timeout=60), 1, isolated=True
    ),
    "fetching.aws_secrets keys": keys("aws_secrets", files={"a": "b"}),
    "fetching.aws_parameters keys": keys("aws_parameters", files={"a": "/b"}),
    "fetching.s3 keys": keys("s3", "s3://bucket/key"),
    "warming.http headers": Given(
        lambda secret, url: warming.http({"a": f"{url}/a"}, headers={"X-Key": secret}, budget=2), 0, "canary-7f3a"
    ),
    "warming.model token": hub("model"),
    "warming.dataset token": hub("dataset"),
    "warming.redis password": loading("password", file="/dev/null"),
    "warming.redis env": loading("env", command=[*SHELL, "1"], image="a:1"),
    "sidecars.cloud_sql_proxy env": sidecar("cloud_sql_proxy", "a:b:c"),
    "sidecars.fluent_bit env": sidecar("fluent_bit", ""),
    "sidecars.haproxy env": sidecar("haproxy", ""),
    "sidecars.redis_exporter env": sidecar("redis_exporter"),
    "sidecars.postgres_exporter data_source": Given(
        lambda secret, _: sidecars.postgres_exporter(data_source=secret),
    ),
    "sidecars.postgres_exporter env": Given(
        lambda secret, _: sidecars.postgres_exporter(data_source=OTHER, env={"S": secret})
    ),
    "sidecars.redis_exporter password": Given(lambda secret, _: sidecars.redis_exporter(password=secret)),
}


def rows_of(chosen: Callable[[Given], bool]) -> pytest.MarkDecorator:
    found = [pytest.param(each, id=name) for name, each in SECRETS.items() if chosen(each)]
    return pytest.mark.parametrize("given", found)


def takes_a_secret(kind: Any) -> bool:
    """Whether a `SecretKey` is in the type, at any depth; what another stage was given is that one's."""
    if kind is SecretKey:
        return True
    ours = isinstance(kind, type) and kind.__module__.startswith("initconstructs.presets")
    if ours and dataclasses.is_dataclass(kind) and not issubclass(kind, BaseStage):
        return any(map(takes_a_secret, get_type_hints(kind).values()))
    return any(map(takes_a_secret, get_args(kind)))


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Those of the signature, and those of its options."""
    hints = get_type_hints(function)
    for options in get_args(hints.get("options")):
        hints |= get_type_hints(options)
    return {name: kind for name, kind in hints.items() if name not in ("return", "options")}


def every_parameter() -> Iterator[tuple[str, Any]]:
    """Of the catalogue's functions, with its type."""
    for family, module in presets_doc.families().items():
        for name in module.__all__:
            if inspect.isfunction(getattr(module, name)):
                for parameter, kind in parameters(getattr(module, name)).items():
                    yield f"{family}.{name} {parameter}", kind


def test_every_parameter_that_takes_a_secret_is_held_against_it():
    found = {each for each, kind in every_parameter() if takes_a_secret(kind)}
    assert len(found) > 70
    assert found - {name.partition(";")[0] for name in SECRETS} == set()


def manifests(step: Step) -> list[dict]:
    app = Container("app", image="example.org/app:1.0")
    spec = DeploymentSpec("app", namespace="shop", containers=[app], stages=[step])
    return render(spec, settings=Settings(profile=step.profile))


def texts(value: object) -> Iterator[str]:
    """Every text in a manifest, keys included, but for what refers to a Secret."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts(each if key != "secretKeyRef" else "a reference")
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def references(container: dict) -> list[str]:
    """The variables that are the secret."""
    wanted = {"secretKeyRef": {"name": SECRET.secret, "key": SECRET.key}}
    return [each["name"] for each in container.get("env", ()) if each.get("valueFrom") == wanted]


@rows_of(lambda _: True)
def test_the_manifest_refers_to_the_secret_and_expands_it_nowhere(given):
    found = manifests(given.make(SECRET, NOWHERE))
    container = found[0]["spec"]["template"]["spec"]["initContainers"][0]
    (variable,) = references(container)
    assert given.open or not any("canary" in text for manifest in found for text in texts(manifest))
    for part in ("command", "args", "env", "startupProbe", "lifecycle"):
        assert not any(f"$({variable})" in text.replace("$$", "") for text in texts(container.get(part)))


def reports(found: list[dict]) -> Iterator[str]:
    """All that is ever said of manifests, but for the manifests themselves."""
    yield from (explain(found, format=each) for each in EXPLAIN_FORMATS)
    changes = compare(found, manifests(waiting.tcp("a", 1)))
    assert changes
    yield from (diff(changes, format=each) for each in DIFF_FORMATS)
    findings = rules.check(found)
    yield repr(findings)
    for each in FORMATS:
        yield import_module(f"initconstructs.reports.findings_{each}").render(
            findings, summarize(findings, files=1, objects=len(found))
        )


@rows_of(lambda given: not given.open)
def test_no_report_shows_even_a_literal(given):
    """An author may give text where a secret belongs: it is refused, or our own output doesn't spread it."""
    try:
        said = list(reports(manifests(given.make(given.value, NOWHERE))))
    except ModelError as refused:
        said = [str(refused)]
    assert not any("canary" in each for each in said)


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> tuple[str, Path]:
    """Programs that note their arguments before they do their work, and the notes."""
    home = tmp_path_factory.mktemp("programs")
    place, notes = home / "bin", home / "arguments"
    place.mkdir()
    for program in os.listdir("/usr/bin"):  # noqa: PTH208 - names alone
        real = shutil.which(program)
        if real is not None and program != "sh" and not program.startswith("python"):
            (place / program).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{notes}"\nexec {real} "$@"\n')
            (place / program).chmod(0o755)
    (place / "sh").symlink_to("/bin/sh")
    return str(place), notes


@pytest.fixture
def path(programs) -> tuple[str, Path]:
    """The same, with nothing noted yet."""
    programs[1].write_text("")
    return programs


@pytest.fixture
def mirror(fake) -> str:
    """The URL of a server that refuses all, and repeats what it heard, to HTTP and to Redis."""

    def talk(connection) -> None:
        heard = connection.recv(65536)
        if b"HTTP/1" in heard:
            head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(heard)
            connection.sendall(head + heard)
        while heard and b"HTTP/1" not in heard:
            connection.sendall(b"-ERR " + heard.replace(b"\r\n", b" ") + b"\r\n")
            heard = connection.recv(65536)

    return f"http://127.0.0.1:{fake(talk).port}"


@rows_of(lambda given: given.code is not None)
def test_no_line_and_no_argument_of_the_program_shows_it(given, kubelet, path, mirror):
    place, notes = path
    step = given.make(SECRET, mirror)
    (variable,) = references(kubelet.place(step, {})[0])
    finished = kubelet.run(step, PATH=place, **{variable: given.value, **others(step)})
    assert finished.code == given.code, finished
    assert "canary" not in finished.out + finished.err
    assert notes.read_text() or not given.isolated
    assert "canary" not in notes.read_text()


def others(step: Step) -> dict[str, str]:
    """What else its environment holds."""
    return {name: value if isinstance(value, str) else "other" for name, value in step.env.items() if value != SECRET}


def test_the_snapshots_and_the_reference_hold_no_value_of_a_secret():
    """Every literal variable of the catalogue is one that everybody may read."""
    for family in presets_doc.families():
        for name, entry in presets_doc.entries(family).items():
            literals = {key: value for key, value in entry.step.env.items() if isinstance(value, str)}
            suspects = [key for key in literals if any(word in key.upper() for word in ("PASSWORD", "TOKEN", "SECRET"))]
            assert suspects == [], f"{family}.{name}: {json.dumps(suspects)}"
