"""Bad input raises where it is written: one message with place, value, rule and remedy."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import initconstructs
from initconstructs import (
    Affinity,
    Claim,
    ClaimSpec,
    ClaimTemplate,
    Container,
    ContainerPort,
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    Directory,
    EmptyDir,
    EnvironmentFile,
    EphemeralClaim,
    Exec,
    HttpGet,
    ImagePolicy,
    InlineFiles,
    JobSpec,
    ModelError,
    Mount,
    OnDelete,
    PodSecurityContext,
    PodSpec,
    PolicyRule,
    Probe,
    Recreate,
    Resources,
    RollingUpdate,
    SecretFiles,
    SecretKey,
    SecurityContext,
    ServiceAccountToken,
    Settings,
    Sidecar,
    Stage,
    StatefulSetSpec,
    TcpSocket,
    Toleration,
    TopologySpread,
    Volume,
    completed,
)

APP = Container("app", image="shop:1")
PROBE = Probe(TcpSocket(80))
SECRET = "hunter2"
wrongly = cast(Any, lambda value: value)
"""Marks a value that a type checker refuses, too."""


def named(given: dict[str, Callable[[], object]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("write", [pytest.param(each, id=name) for name, each in given.items()])


NAMES: dict[str, Callable[[], object]] = {
    "stage": lambda: Stage("Wait for DB", image="a:1"),
    "container": lambda: Container("app_1", image="a:1"),
    "empty": lambda: Container("", image="a:1"),
    "too long": lambda: Sidecar("a" * 64, image="a:1"),
    "not text": lambda: Stage(wrongly(1), image="a:1"),
    "volume": lambda: Volume("Data"),
    "port": lambda: ContainerPort(80, name="a-name-of-16-chars"),
    "port without a letter": lambda: ContainerPort(80, name="80"),
    "named port of a probe": lambda: HttpGet(port="HTTP"),
    "workload": lambda: DeploymentSpec("Shop", containers=[APP]),
    "namespace": lambda: DeploymentSpec("shop", containers=[APP], namespace="My.Shop"),
    "service account": lambda: DeploymentSpec("shop", containers=[APP], service_account="Shop"),
    "pull secret of the house": lambda: ImagePolicy(pull_secrets=["My Secret"]),
    "pull secret": lambda: DeploymentSpec("shop", containers=[APP], image_pull_secrets=["My Secret"]),
    "service": lambda: StatefulSetSpec("shop", containers=[APP], service_name="a b"),
    "secret": lambda: SecretKey("shop_db", "url"),
    "claim": lambda: Claim("Data"),
    "inline file": lambda: InlineFiles({"etc/shop.conf": ""}),
    "output": lambda: Directory("/out", name="My output"),
    "edge": lambda: completed("Wait"),
    "variable": lambda: Container("app", image="a:1", env={"A=B": "1"}),
}
VALUES: dict[str, Callable[[], object]] = {
    "quantity": lambda: Resources(requests={"cpu": "100 m"}),
    "quantity with an unknown suffix": lambda: Resources(limits={"memory": "64MB"}),
    "negative quantity": lambda: EmptyDir(size_limit="-1Gi"),
    "infinite quantity": lambda: ClaimSpec(size=float("inf")),
    "truth as a quantity": lambda: Resources(limits={"cpu": True}),
    "size of an environment file": lambda: EnvironmentFile("/env/app.env", size_limit="much"),
    "request above its limit": lambda: Resources(requests={"memory": "1Gi"}, limits={"memory": "1023Mi"}),
    "duration": lambda: Probe(TcpSocket(1), period="5 minutes"),
    "empty duration": lambda: Probe(TcpSocket(1), period=""),
    "negative duration": lambda: JobSpec("shop", containers=[APP], active_deadline=-1),
    "fraction of a second": lambda: Probe(TcpSocket(1), timeout=timedelta(milliseconds=500)),
    "more than 68 years": lambda: Probe(TcpSocket(1), period=f"{2**31}s"),
    "digits without end": lambda: Probe(TcpSocket(1), period="9" * 5000 + "s"),
    "short-lived token": lambda: ServiceAccountToken("token", expiration="1m"),
    "empty image": lambda: Stage("wait", image=""),
    "image in white space": lambda: Container("app", image=" shop:1\n"),
    "port": lambda: ContainerPort(0),
    "port beyond": lambda: TcpSocket(65536),
    "port as text": lambda: Container("app", image="a:1", ports=wrongly(["80"])),
    "replicas": lambda: DeploymentSpec("shop", containers=[APP], replicas=-1),
    "share": lambda: RollingUpdate(max_surge="a quarter"),
    "volume mode": lambda: ClaimSpec(size=1, volume_mode=wrongly("Blocks")),
    "domains": lambda: TopologySpread("zone", min_domains=0),
    "group": lambda: PodSecurityContext(supplemental_groups=[-1]),
    "user id": lambda: SecurityContext(run_as_user=-1),
    "file mode": lambda: SecretFiles("db", default_mode=0o1000),
    "relative mount": lambda: Volume("data").at("data"),
    "sub path out of the volume": lambda: Volume("data").at("/data", sub_path="../etc"),
    "environment file at the root": lambda: EnvironmentFile("/app.env"),
    "empty probe path": lambda: HttpGet("", port=80),
    "empty schedule": lambda: CronJobSpec("shop", containers=[APP], schedule=""),
    "digest": lambda: ImagePolicy(digests={"shop:1": "sha256:beef"}),
    "Kubernetes too old": lambda: Settings(kubernetes="1.29"),
    "Kubernetes too new": lambda: Settings(kubernetes="1.99"),
    "Kubernetes unclear": lambda: Settings(kubernetes="latest"),
    "toleration of a value": lambda: Toleration("gpu", value="yes"),
    "number that JSON doesn't know": lambda: Container("app", image="a:1", raw={"x": float("nan")}),
}
SHAPES: dict[str, Callable[[], object]] = {
    "command": lambda: Container("app", image="a:1", command=wrongly("sh -c true")),
    "args": lambda: Stage("wait", image="a:1", args=wrongly("db")),
    "command of a probe": lambda: Exec(wrongly("pg_isready")),
    "number in a command": lambda: Container("app", image="a:1", command=wrongly(["sleep", 3])),
    "one stage": lambda: DeploymentSpec("shop", containers=[APP], stages=wrongly(Stage("wait", image="a:1"))),
    "container among stages": lambda: DeploymentSpec("shop", containers=[APP], stages=wrongly([APP])),
    "no container": lambda: DeploymentSpec("shop", containers=[]),
    "label": lambda: DeploymentSpec("shop", containers=[APP], labels=wrongly({"a": 1})),
    "labels": lambda: DeploymentSpec("shop", containers=[APP], labels=wrongly(["a"])),
    "key": lambda: DeploymentSpec("shop", containers=[APP], labels=wrongly({1: "a"})),
    "resources": lambda: Container("app", image="a:1", resources=wrongly({"requests": {}})),
    "security": lambda: Container("app", image="a:1", security=wrongly({"runAsUser": 1})),
    "pod security": lambda: PodSpec("shop", containers=[APP], security=wrongly(SecurityContext())),
    "probe": lambda: Container("app", image="a:1", startup_probe=wrongly(HttpGet(port=80))),
    "handler": lambda: Probe(wrongly({"httpGet": {}})),
    "hook": lambda: Sidecar("proxy", image="a:1", pre_stop=wrongly(TcpSocket(80))),
    "affinity": lambda: DeploymentSpec("shop", containers=[APP], affinity=wrongly({})),
    "strategy": lambda: DeploymentSpec("shop", containers=[APP], strategy=wrongly("Recreate")),
    "strategy of another kind": lambda: DeploymentSpec("shop", containers=[APP], strategy=wrongly(OnDelete())),
    "update of another kind": lambda: DaemonSetSpec("shop", containers=[APP], update_strategy=wrongly(Recreate())),
    "partition": lambda: DeploymentSpec("shop", containers=[APP], strategy=RollingUpdate(partition=1)),
    "surge": lambda: StatefulSetSpec("shop", containers=[APP], update_strategy=RollingUpdate(max_surge=1)),
    "volume source": lambda: Volume("data", wrongly("/data")),
    "mounted name": lambda: Mount("/data", volume=wrongly("data")),
    "claim": lambda: EphemeralClaim(wrongly("1Gi")),
    "claim template": lambda: ClaimTemplate("data", wrongly("1Gi")),
    "images": lambda: Settings(images=wrongly({"mirrors": {}})),
    "rule": lambda: PolicyRule(verbs=wrongly("get"), resources=["pods"]),
    "object": lambda: Stage("wait", image="a:1", objects=[{"kind": "ConfigMap"}]),
    "memory of a volume": lambda: Directory("/out", memory=True, volume=Volume("data")),
    "flag": lambda: SecurityContext(privileged=wrongly("false")),
    "flag of a pod": lambda: DeploymentSpec("shop", containers=[APP], host_network=wrongly(1)),
    "text": lambda: Container("app", image="a:1", working_dir=wrongly(["/srv"])),
    "object in raw": lambda: Container("app", image="a:1", raw={"x": PROBE}),
    "key in raw": lambda: Container("app", image="a:1", raw={"x": {1: 2}}),
    "list as raw": lambda: Container("app", image="a:1", raw=wrongly([])),
}
RAW_TYPES: dict[str, Callable[[], object]] = {
    "container": lambda: Container("app", image="a:1", raw={"stdin": "yes"}),
    "nested": lambda: Stage("wait", image="a:1", raw={"env": [{"name": "A", "value": 1}]}),
    "pod": lambda: DeploymentSpec("shop", containers=[APP], pod_raw={"hostUsers": "no"}),
    "workload": lambda: DeploymentSpec("shop", containers=[APP], raw={"spec": {"replicas": "three"}}),
    "cron job": lambda: CronJobSpec("shop", containers=[APP], schedule="@daily", raw={"spec": {"suspend": 1}}),
    "security": lambda: SecurityContext(raw={"procMount": 1}),
    "pod security": lambda: PodSecurityContext(raw={"supplementalGroups": 4}),
    "mount": lambda: Mount("/data", volume=Volume("data"), raw={"mountPropagation": 1}),
    "volume": lambda: Volume("data", {"rbd": {"monitors": "a"}}),
    "claim": lambda: ClaimSpec(size=1, raw={"volumeName": 1}),
    "affinity": lambda: Affinity(node={"requiredDuringSchedulingIgnoredDuringExecution": []}),
    "spread": lambda: TopologySpread("zone", raw={"nodeTaintsPolicy": 1}),
}
TWICE: dict[str, Callable[[], object]] = {
    "stage": lambda: DeploymentSpec("shop", containers=[APP], stages=[Stage("a", image="a:1")] * 2),
    "stage and container": lambda: DeploymentSpec("shop", containers=[APP], stages=[Stage("app", image="a:1")]),
    "container": lambda: DeploymentSpec("shop", containers=[APP, APP]),
    "port name": lambda: Container("a", image="a:1", ports=[ContainerPort(n, name="http") for n in (1, 2)]),
    "mount": lambda: Container("a", image="a:1", mounts=[Volume(n).at("/data") for n in ("a", "b")]),
    "output": lambda: Stage("a", image="a:1", produces=[Directory("/a"), Directory("/b")]),
    "output over mount": lambda: Stage("a", image="a:1", produces=[Directory("/a")], mounts=[Volume("b").at("/a")]),
    "keyword": lambda: wrongly(Stage)("a", name="a", image="a:1"),
}
NEAR: dict[str, tuple[Callable[[], object], str]] = {
    "keyword of a stage": (lambda: wrongly(Stage)("a", image="a:1", comand=["x"]), "command"),
    "keyword of a workload": (lambda: wrongly(DeploymentSpec)("a", containers=[APP], replica=2), "replicas"),
    "keyword of a probe": (lambda: wrongly(Probe)(TcpSocket(1), periods=2), "period"),
    "profile": (lambda: Settings(profile=wrongly("restrictive")), "restricted"),
    "case": (lambda: Container("a", image="a:1", image_pull_policy=wrongly("always")), "Always"),
    "stage": (lambda: DeploymentSpec("a", containers=[APP], stages=steps(after=[completed("migrat")])), "migrate"),
    "stage before": (lambda: DeploymentSpec("a", containers=[APP], stages=steps(before=["migrte"])), "migrate"),
}
NOT_ON_A_STAGE = ("startup_probe", "liveness_probe", "readiness_probe", "post_start", "pre_stop", "lifecycle")


def steps(**keywords: Any) -> list[Stage | Sidecar]:
    return [Stage("migrate", image="a:1"), Stage("wait", image="a:1", **keywords)]


@named(NAMES | VALUES | SHAPES | RAW_TYPES | TWICE)
def test_bad_input_ends_at_the_line_that_wrote_it(write: Callable[[], object]) -> None:
    with pytest.raises(ModelError) as caught:
        write()
    frames = traceback.extract_tb(caught.tb)
    authors = [index for index, frame in enumerate(frames) if Path(frame.filename) == Path(__file__)]
    assert frames[authors[-1]].lineno == write.__code__.co_firstlineno
    assert len(frames) - 1 - authors[-1] <= 1
    assert caught.value.__suppress_context__


@named(NAMES | VALUES | SHAPES | RAW_TYPES | TWICE)
def test_the_message_is_one_line_of_place_rule_and_remedy(write: Callable[[], object]) -> None:
    with pytest.raises(ModelError) as caught:
        write()
    error = caught.value
    assert str(error) == f"{error.place} {error.rule}; {error.remedy}"
    assert all([error.place, error.rule, error.remedy])
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            NAMES["stage"],
            "Stage.name is 'Wait for DB': must be a DNS label: 1 to 63 of a-z, 0-9 and '-', starting and ending with a"
            ' letter or digit; write "wait-for-db", say',
        ),
        (
            VALUES["quantity"],
            "Resources.requests['cpu'] is '100 m': must be a Kubernetes quantity: a number with an optional suffix"
            ' (m, k, M, G, T or Ki, Mi, Gi, Ti); write "100m", "0.5" or "64Mi", say',
        ),
        (
            SHAPES["command"],
            "Container \"app\".command is 'sh -c true': must be a list of strings, not one string;"
            ' write ["sh", "-c", "..."] or one string a word: Kubernetes runs no shell',
        ),
        (
            RAW_TYPES["nested"],
            'Stage "wait".raw.env[0].value is 1: must be of the type that Kubernetes has here, string;'
            " write it as the Kubernetes API reference does",
        ),
        (
            TWICE["stage and container"],
            'Deployment "shop": container name "app" appears twice;'
            " stages, sidecars and containers share one set of names",
        ),
    ],
    ids=["name", "quantity", "command", "raw field", "twice"],
)
def test_the_message_reads_well(write: Callable[[], object], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        write()
    assert str(caught.value) == message


@pytest.mark.parametrize(("write", "meant"), NEAR.values(), ids=NEAR)
def test_a_near_miss_gets_what_was_meant(write: Callable[[], object], meant: str) -> None:
    with pytest.raises(ModelError, match=f'did you mean "{meant}"\\?$'):
        write()


@pytest.mark.parametrize("keyword", NOT_ON_A_STAGE)
def test_a_stage_takes_no_probe_and_no_hook(keyword: str) -> None:
    with pytest.raises(ModelError, match=r"runs to completion.*make it a Sidecar"):
        wrongly(Stage)("wait", image="a:1", **{keyword: PROBE})


@pytest.mark.parametrize("field", ["startupProbe", "livenessProbe", "readinessProbe", "lifecycle"])
def test_a_stage_takes_no_probe_as_a_raw_field(field: str) -> None:
    with pytest.raises(ModelError, match="runs to completion; make it a Sidecar"):
        Stage("wait", image="a:1", raw={field: {}})


@pytest.mark.parametrize(
    ("keyword", "remedy"),
    [("volume_mounts", r"mounts=\["), ("security_context", "security=SecurityContext"), ("port", r"ports=\[8000\]")],
)
def test_a_keyword_of_elsewhere_gets_ours(keyword: str, remedy: str) -> None:
    with pytest.raises(ModelError, match=remedy):
        wrongly(Container)("app", image="a:1", **{keyword: 1})


@pytest.mark.parametrize(
    "write",
    [
        lambda: Container("app", image="a:1", env=wrongly({"PASSWORD": [SECRET]})),
        lambda: Container("app", image="a:1", env=wrongly({"PASSWORD": SECRET.encode()})),
        lambda: Stage("wait", image="a:1", env=wrongly({"PASSWORD": {"value": SECRET}})),
        lambda: Stage("wait", image="a:1", env={f"PASSWORD={SECRET}": ""}),
        lambda: Stage("password", image="a:1", raw={"env": {"PASSWORD": SECRET}}),
        lambda: Stage("password", image="a:1", raw={"env": [{"name": "PASSWORD", "value": [SECRET]}]}),
        lambda: Stage("password", image="a:1", args=wrongly([Container("app", image="a:1", env={"A": SECRET})])),
        lambda: DeploymentSpec("password", containers=wrongly([Stage("a", image="b", env={"A": SECRET})])),
    ],
    ids=["list", "bytes", "mapping", "in its name", "raw mapping", "raw list", "a word", "of another value"],
)
def test_a_message_never_shows_the_value_of_a_variable(write: Callable[[], object]) -> None:
    with pytest.raises(ModelError, match=r"(?i)password") as caught:
        write()
    assert SECRET not in "".join(traceback.format_exception_only(caught.type, caught.value))


def test_a_long_value_is_cut_short() -> None:
    with pytest.raises(ModelError) as caught:
        Stage("wait", image=" " * 1000)
    assert len(str(caught.value)) < 300


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ModelError, match=r"^Stage\(\.\.\.\) needs image; give image=\.\.\.$"):
        wrongly(Stage)("wait")


def test_too_many_values_without_a_keyword_are_refused() -> None:
    with pytest.raises(ModelError, match=r"takes at most 1 value.*only name; name the others"):
        wrongly(Stage)("wait", "busybox:1")


REQUIRED: dict[str, object] = {
    "containers": [APP],
    "spec": ClaimSpec(size=1),
    "handler": TcpSocket(1),
    "volume": Volume("data"),
    "port": 80,
    "number": 80,
    "size": 1,
    "duration": 1,
    "path": "/a/b",
    "type": "RuntimeDefault",
    "command": ["true"],
    "verbs": [],
    "resources": [],
    "sources": [],
    "files": {},
    "items": {},
}
JUNK: dict[str, object] = {
    "object": object(),
    "negative": -1,
    "fraction": 1.5,
    "bytes": b"x",
    "objects": [object()],
    "nothing": (),
    "numbered": {1: 2},
    "named object": {"a": object()},
    "true": True,
    "words": ["a"],
    "mapping": {"a": "b"},
    "empty": "",
    "path": "/a",
    "none": None,
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_whatever_is_given_no_other_error_comes(junk: object) -> None:
    for value in (each for name in initconstructs.__all__ if is_dataclass(each := getattr(initconstructs, name))):
        parameters = inspect.signature(cast(type, value)).parameters
        needed = {name: REQUIRED.get(name, "a") for name, each in parameters.items() if each.default is each.empty}
        for name in parameters:
            with suppress(ModelError):
                wrongly(value)(**needed | {name: junk})


def test_a_platform_librarys_own_line_is_in_the_traceback() -> None:
    def house_stage() -> Stage:
        return Stage("House", image="a:1")

    with pytest.raises(ModelError) as caught:
        house_stage()
    assert "house_stage" in [frame.name for frame in traceback.extract_tb(caught.tb)]


def test_a_raw_field_with_nearly_a_known_name_gets_that_name() -> None:
    with pytest.raises(ModelError, match=r'raw\.volumeMount is a field .* did you mean "volumeMounts"'):
        Container("app", image="a:1", raw={"volumeMount": []})


def test_a_raw_field_of_a_name_like_no_other_is_left_to_the_rules_of_the_target() -> None:
    assert Container("app", image="a:1", raw={"fromTheFuture": True}).raw == {"fromTheFuture": True}
