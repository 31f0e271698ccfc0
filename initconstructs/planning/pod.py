"""The pod inside a workload as planning reads it: typed, with the API server's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from initconstructs.manifests.pod_template import PodTemplate, entries, is_sidecar, pod_template
from initconstructs.planning.release import Release


class Role(str, Enum):
    """What a container is to the start-up."""

    INIT = "init"
    SIDECAR = "sidecar"
    APP = "app"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """A probe with its defaults; `command` is empty unless it runs one."""

    initial_delay_s: int
    period_s: int
    failure_threshold: int
    command: tuple[str, ...]

    @property
    def gives_up_after_s(self) -> int:
        """When a probe that never passes has failed often enough, at the latest."""
        return self.initial_delay_s + self.period_s * self.failure_threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartRule:
    """One of a container's restartPolicyRules."""

    action: str
    operator: str
    codes: frozenset[int]

    def matches(self, code: int) -> bool:
        """Whether the rule speaks of this exit code."""
        return (code in self.codes) is (self.operator == "In")


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A container of any role; `raw` is its manifest."""

    name: str
    role: Role
    image: str
    command: tuple[str, ...]
    raw: Mapping[str, object]

    @property
    def is_init(self) -> bool:
        """Whether it stands in initContainers, as plain init containers and sidecars do."""
        return self.role is not Role.APP

    @property
    def restart_policy(self) -> str | None:
        """The container's own policy, where it has one."""
        policy = self.raw.get("restartPolicy")
        return policy if isinstance(policy, str) else None

    @property
    def restart_rules(self) -> tuple[RestartRule, ...]:
        """Its restartPolicyRules, in order; the first that matches wins."""
        return tuple(_rule(rule) for _, rule in entries(self.raw, "restartPolicyRules", ""))

    def probe(self, kind: str) -> Probe | None:
        """`startupProbe`, `livenessProbe` or `readinessProbe`; None where there is none."""
        probe = self.raw.get(kind)
        return _probe(probe) if isinstance(probe, Mapping) and probe else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """What a workload runs: init containers and sidecars in their order, then the app containers."""

    kind: str
    containers: tuple[Container, ...]
    restart_policy: str
    grace_s: int
    active_deadline_s: int | None
    spec: Mapping[str, object]

    @property
    def init_containers(self) -> tuple[Container, ...]:
        """Plain init containers and sidecars, in the order of the manifest."""
        return tuple(container for container in self.containers if container.is_init)

    @property
    def apps(self) -> tuple[Container, ...]:
        """The app containers."""
        return tuple(container for container in self.containers if not container.is_init)

    def container(self, name: str) -> Container | None:
        """The container of that name."""
        return next((container for container in self.containers if container.name == name), None)


def read_pod(manifest: Mapping[str, object]) -> Pod | None:
    """The pod that a manifest runs; None for a manifest that runs none."""
    template = pod_template(manifest)
    if template is None:
        return None
    spec = template.spec
    return Pod(
        kind=str(manifest.get("kind")),
        containers=_containers(template),
        restart_policy=str(spec.get("restartPolicy") or "Always"),
        grace_s=whole(spec.get("terminationGracePeriodSeconds"), 30),
        active_deadline_s=seconds(spec.get("activeDeadlineSeconds")),
        spec=spec,
    )


def restarts_on_exit(container: Container, pod: Pod, code: int, release: Release) -> bool:
    """Whether the kubelet starts a container again that ended with this code.

    Source: ContainerShouldRestart in kubernetes/pkg/api/v1/pod/util.go.
    """
    if container.role is Role.SIDECAR:
        return True
    policy = pod.restart_policy
    if release.container_restart_rules and container.restart_policy:
        if matching_action(container, code):
            return True
        policy = container.restart_policy
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def restarts_all(container: Container, code: int, release: Release) -> bool:
    """Whether this exit makes the kubelet run every container of the pod again."""
    return release.restart_all_containers and matching_action(container, code) == "RestartAllContainers"


def matching_action(container: Container, code: int) -> str | None:
    """The action of the first rule that speaks of the exit code."""
    return next((rule.action for rule in container.restart_rules if rule.matches(code)), None)


def whole(value: object, default: int) -> int:
    """An integer of a manifest, or the default where there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def seconds(value: object) -> int | None:
    """A number of seconds of a manifest; None where it is not set."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _containers(template: PodTemplate) -> tuple[Container, ...]:
    started_first = [
        _container(raw, Role.SIDECAR if is_sidecar(raw) else Role.INIT) for _, raw in template.init_containers()
    ]
    return (*started_first, *(_container(raw, Role.APP) for _, raw in template.app_containers()))


def _container(raw: Mapping[str, object], role: Role) -> Container:
    return Container(
        name=str(raw.get("name", "")),
        role=role,
        image=str(raw.get("image", "")),
        command=(*texts(raw.get("command")), *texts(raw.get("args"))),
        raw=raw,
    )


def texts(value: object) -> tuple[str, ...]:
    """The items of a list as text; empty for anything else."""
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _rule(rule: Mapping[str, object]) -> RestartRule:
    exit_codes = rule.get("exitCodes")
    exit_codes = exit_codes if isinstance(exit_codes, Mapping) else {}
    values = exit_codes.get("values")
    return RestartRule(
        action=str(rule.get("action")),
        operator=str(exit_codes.get("operator")),
        codes=frozenset(whole(value, -1) for value in values) if isinstance(values, list) else frozenset(),
    )


def _probe(probe: Mapping[str, object]) -> Probe:
    action = probe.get("exec")
    return Probe(
        initial_delay_s=whole(probe.get("initialDelaySeconds"), 0),
        period_s=whole(probe.get("periodSeconds"), 0) or 10,
        failure_threshold=whole(probe.get("failureThreshold"), 0) or 3,
        command=texts(action.get("command")) if isinstance(action, Mapping) else (),
    )
