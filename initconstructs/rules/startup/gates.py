"""Hazards of order: what holds back the next stage, and what only looks as if it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from initconstructs.manifests.pod_template import child, entries
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.environment import literals
from initconstructs.rules.startup.stage import Stage, Workload
from initconstructs.rules.startup.waiting import PROBES, name

_rule = partial(rule, family="startup", severity=Severity.WARNING)

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_NETWORK = PROBES | {
    "git",
    "aws",
    "gsutil",
    "gcloud",
    "az",
    "rclone",
    "scp",
    "ssh",
    "apk",
    "apt-get",
    "pip",
    "pip3",
    "npm",
}
_MESH_PROXIES = frozenset(["istio-proxy", "linkerd-proxy"])
_MESH_SETUP = frozenset(["istio-init", "linkerd-init", "istio-validation", "linkerd-network-validator"])
_EXCLUSIONS = (
    "traffic.sidecar.istio.io/excludeOutboundPorts",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges",
    "config.linkerd.io/skip-outbound-ports",
)


@_rule("sidecar-without-startup-probe", fix="Give the sidecar a startupProbe: only that holds back the next stage.")
def sidecar_without_startup_probe(workload: Workload) -> Places:
    """A stage needs a sidecar that may not be up yet.

    What: a sidecar has no probes, and a later init container calls localhost or reads a volume that both mount.
    Why: without a startup probe a sidecar counts as started as soon as its process runs; the next stage races with it.
    Example: `cloud-sql-proxy` as a sidecar, then `migrate` with DB_HOST=127.0.0.1
    Fix: `startupProbe: {tcpSocket: {port: 5432}, periodSeconds: 1, failureThreshold: 60}` on the sidecar
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    for sidecar, later in _ungated(workload):
        needy = next((stage for stage in later if _needs(stage, sidecar)), None)
        if needy and "readinessProbe" not in sidecar.container:
            yield sidecar.path, f"{needy.name!r} needs sidecar {sidecar.name!r}, but starts without waiting for it"


@_rule("readiness-as-gate", fix="Add a startupProbe with the same check: readiness never holds back the next stage.")
def readiness_as_gate(workload: Workload) -> Places:
    """A sidecar's readiness probe is taken for a gate.

    What: a sidecar has a readinessProbe and no startupProbe, and another init container follows.
    Why: readiness only decides whether the pod gets traffic; the next stage starts while the sidecar is not ready.
    Example: a proxy with `readinessProbe` in front of an init container that uses it
    Fix: `startupProbe` with the same check
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    for sidecar, later in _ungated(workload):
        if later and child(sidecar.container, "readinessProbe"):
            path = f"{sidecar.path}.readinessProbe"
            yield path, f"readiness of {sidecar.name!r} does not hold back {later[0].name!r}; only a startup probe does"


def _ungated(workload: Workload) -> Iterator[tuple[Stage, tuple[Stage, ...]]]:
    """Sidecars without startup probe (nor a postStart hook, which gates too), and the init containers after them."""
    for position, stage in enumerate(workload.stages):
        hooked = child(stage.container, "lifecycle", "postStart")
        if stage.is_sidecar and not child(stage.container, "startupProbe") and not hooked:
            yield stage, tuple(later for later in workload.stages[position + 1 :] if not later.is_sidecar)


def _needs(stage: Stage, sidecar: Stage) -> bool:
    texts = [*stage.argv, *literals(stage).values()]
    if any(host in text for text in texts for host in _LOOPBACK):
        return True
    written = {str(m.get("name")) for _, m in _mounts(sidecar) if m.get("readOnly") is not True}
    return any(mount.get("readOnly") is True and str(mount.get("name")) in written for _, mount in _mounts(stage))


def _mounts(stage: Stage) -> Iterator[tuple[str, Mapping[str, object]]]:
    return entries(stage.container, "volumeMounts", stage.path)


@_rule("deadline-on-long-running", fix="Remove activeDeadlineSeconds; bound each wait by itself instead.")
def deadline_on_long_running(workload: Workload) -> Places:
    """A deadline ends a pod that should run for ever.

    What: activeDeadlineSeconds on a pod that is no Job's and is restarted always.
    Why: it counts from the start of the pod, app included, so that a healthy app is killed when it is over; the kinds
    that keep replicas refuse it.
    Example: a Pod with `activeDeadlineSeconds: 600` meant for its init containers
    Fix: `timeout` in each wait.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior
    """
    of_job = workload.kind in ("Job", "CronJob")
    always = workload.spec.get("restartPolicy") in (None, "Always")
    if workload.spec.get("activeDeadlineSeconds") is not None and always and not of_job:
        path = f"{workload.template.spec_path}.activeDeadlineSeconds"
        yield path, "the deadline counts on while the app runs, and then kills it"


@_rule(
    "network-before-mesh", fix="Use native sidecars in the mesh, exclude the port, or run the stage as the proxy's uid."
)
def network_before_mesh(workload: Workload) -> Places:
    """A stage uses the network before the mesh's proxy runs.

    What: the pod is in a mesh whose proxy is an app container, and an init container talks to the network.
    Why: the mesh redirects the pod's traffic before its proxy starts; until then every connection is refused, and the
    proxy starts only after the init containers: a dead lock.
    Example: `sidecar.istio.io/inject: "true"` with a wait for the database as init container
    Fix: `sidecar.istio.io/nativeSidecar: "true"`, or `traffic.sidecar.istio.io/excludeOutboundPorts: "5432"`, or
    `runAsUser: 1337` (Istio), 2102 (Linkerd) for that stage.
    Source: https://istio.io/latest/docs/setup/additional-setup/cni/#compatibility-with-application-init-containers
    """
    if not _is_proxy_late(workload):
        return
    for stage in workload.init_stages:
        user = child(stage.container, "securityContext").get("runAsUser")
        calls = [call for call in stage.calls if name(call) in _NETWORK]
        if calls and stage.name not in _MESH_SETUP and user not in (1337, 2102):
            program = name(calls[0])
            yield stage.command_path, f"{stage.name!r} calls {program} before the mesh's proxy lets anything out"


def _is_proxy_late(workload: Workload) -> bool:
    annotations, labels = (child(workload.template.metadata, field) for field in ("annotations", "labels"))
    settings = {**labels, **annotations}
    if any(settings.get(key) for key in _EXCLUSIONS):
        return False
    native = "sidecar.istio.io/nativeSidecar", "config.alpha.linkerd.io/proxy-enable-native-sidecar"
    if any(settings.get(key) == "true" for key in native) or any(
        stage.name in _MESH_PROXIES for stage in workload.stages
    ):
        return False
    injected = settings.get("sidecar.istio.io/inject") == "true" or settings.get("linkerd.io/inject") == "enabled"
    apps = {str(container.get("name")) for _, container in workload.template.app_containers()}
    return injected or bool(apps & _MESH_PROXIES)


CHECKS: tuple[Check[[Workload]], ...] = (
    sidecar_without_startup_probe,
    readiness_as_gate,
    deadline_on_long_running,
    network_before_mesh,
)
