"""The true order of a pod's start-up: what waits for what, what gates the next, which sidecars run by then."""

from __future__ import annotations

from dataclasses import dataclass

from initconstructs.manifests.pod_template import child
from initconstructs.planning.pod import Container, Pod, Role
from initconstructs.planning.release import Release

EXIT_0, STARTED, STARTUP_PROBE, POST_START = "exit 0", "started", "startup probe", "postStart"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One step of the start-up.

    `after` is the stage before it, whose gate must open first, empty for the first; `gate` is what it must do itself
    before the next one starts; `sidecars` run by the time it starts; `restart_policy` is the one that counts for it.
    """

    name: str
    role: Role
    after: str
    gate: str
    sidecars: tuple[str, ...]
    restart_policy: str
    image: str
    privileges: tuple[str, ...]


def stages(pod: Pod, release: Release) -> tuple[Stage, ...]:
    """Init containers and sidecars one after the other, then the app containers, all after the last of them."""
    found: list[Stage] = []
    sidecars: list[str] = []
    after = ""
    for container in pod.containers:
        found.append(_stage(container, pod, after, tuple(sidecars), release))
        if container.is_init:
            after = container.name
        if container.role is Role.SIDECAR:
            sidecars.append(container.name)
    return tuple(found)


def _stage(container: Container, pod: Pod, after: str, sidecars: tuple[str, ...], release: Release) -> Stage:
    own = container.restart_policy if release.container_restart_rules else None
    return Stage(
        name=container.name,
        role=container.role,
        after=after,
        gate=_gate(container),
        sidecars=sidecars,
        restart_policy="Always" if container.role is Role.SIDECAR else own or pod.restart_policy,
        image=container.image,
        privileges=privileges(container, pod),
    )


def _gate(container: Container) -> str:
    """Readiness and liveness gate nothing; a postStart hook delays the start that it belongs to."""
    if container.role is Role.INIT:
        return EXIT_0
    if container.probe("startupProbe"):
        return STARTUP_PROBE
    return POST_START if child(container.raw, "lifecycle", "postStart") else STARTED


def privileges(container: Container, pod: Pod) -> tuple[str, ...]:
    """What the container may do beyond an ordinary process, in words."""
    host = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name) is True]
    return (*_of_its_context(container, pod), *host)


def _of_its_context(container: Container, pod: Pod) -> list[str]:
    own, of_pod = child(container.raw, "securityContext"), child(pod.spec, "securityContext")
    if not own and not of_pod:
        return []
    added = child(own, "capabilities").get("add")
    found = ["privileged"] if own.get("privileged") is True else []
    found += ["user 0"] if own.get("runAsUser", of_pod.get("runAsUser")) == 0 else []
    found += [f"capability {name}" for name in added] if isinstance(added, list) else []
    return found
