"""Stages put in front of a workload that someone else made, on its plain manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from initconstructs.manifests.pod_template import pod_template
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.containers import Container
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError, near_miss
from initconstructs.model.frozen import frozen
from initconstructs.model.order import ordered
from initconstructs.model.probes import Exec, Probe
from initconstructs.model.raw import plain
from initconstructs.model.settings import DEFAULTS, Settings
from initconstructs.model.stages import Sidecar, Stage, Step
from initconstructs.model.volumes import Mount
from initconstructs.rendering.company import Company, api_access, beside, each_once
from initconstructs.rendering.exclusive import check_exclusive
from initconstructs.rendering.mesh import in_mesh
from initconstructs.rendering.pod import PodContainers, check_claims, pod_containers
from initconstructs.rendering.security import Hardening
from initconstructs.rendering.values import Fields
from initconstructs.rendering.volumes import claim_template
from initconstructs.rendering.workload import jobs

_THERE = "already-there/not-rendered"
"""The image of the stand-ins for containers that are there already; it never reaches a manifest."""


@ends_at_the_author
def attached(
    manifest: Mapping[str, object],
    stages: Sequence[Step],
    *,
    mounts: Mapping[str, Sequence[Mount]] | None = None,
    env: Mapping[str, Mapping[str, EnvValue]] | None = None,
    settings: Settings | None = None,
) -> list[dict[str, object]]:
    """The manifest of a workload with `stages` in front, then the objects that they bring.

    All that is there is kept. The stages come before the init containers that are there, unless an edge says otherwise
    (`after=[completed("theirs")]`). `mounts` and `env` give outputs of the stages to app containers, by name.

    Raises `ModelError` for a manifest without a pod, and where a name, path or variable is taken.
    """
    return _Attachment.of(manifest, stages, mounts or {}, env or {}, settings).manifests()


@frozen
class _Target:
    """The workload that is there: as far as stages need to know it."""

    kind: str
    name: str
    namespace: str | None
    stages: Sequence[Step]
    image_pull_secrets: Sequence[str]


@frozen
class _Attachment:
    """One attachment in the making; `pod` is the pod spec inside `manifest`, a copy of its own."""

    manifest: Fields
    pod: Fields
    target: _Target
    company: Company
    found: PodContainers
    settings: Settings

    @staticmethod
    def of(
        manifest: Mapping[str, object],
        stages: Sequence[Step],
        mounts: Mapping[str, Sequence[Mount]],
        env: Mapping[str, Mapping[str, EnvValue]],
        settings: Settings | None,
    ) -> _Attachment:
        copy = cast(Fields, plain(manifest))
        pod = _pod_of(copy)
        target = _target(copy, pod, stages)
        effective = settings.over(DEFAULTS) if settings else DEFAULTS
        steps = ordered((*stages, *(_stand_in(each) for each in _list(pod, "initContainers"))))
        company = api_access(target, cast("str | None", pod.get("serviceAccountName")))
        found = pod_containers(
            owner=target.name,
            steps=steps,
            containers=_apps(target, pod, mounts, env),
            settings=effective,
            hardening=_hardening(pod, effective),
            extra_mounts=company.mounts,
        )
        check_claims(target.kind, f'{target.kind} "{target.name}"', found)
        return _Attachment(
            manifest=copy,
            pod=pod,
            target=target,
            company=company,
            found=found,
            settings=effective,
        )

    def manifests(self) -> list[dict[str, object]]:
        """The workload, then what belongs to it."""
        theirs = {each["name"]: each for each in _list(self.pod, "initContainers")}
        self.pod["initContainers"] = [theirs.get(each["name"], each) for each in self.found.init_containers]
        self._add_to_apps()
        self._add_volumes()
        self._add_pull_secrets()
        if self.company.service_account is not None:
            self.pod["serviceAccountName"] = self.company.service_account
        asked = cast("bool | None", self.pod.get("automountServiceAccountToken"))
        automount = self.company.automount_token(asked)
        if automount is not None:
            self.pod["automountServiceAccountToken"] = automount
        manifest = in_mesh(self.manifest, self.target.stages, self.settings)
        check_exclusive(self.target.stages, manifest)
        others = [*beside(self.target, self.found.config_maps), *jobs(self.target, self.settings)]
        return [manifest, *each_once([*self.company.objects, *others])]

    def _add_to_apps(self) -> None:
        for container, addition in zip(_list(self.pod, "containers"), self.found.containers, strict=True):
            for key, identity in (("volumeMounts", "mountPath"), ("env", "name")):
                added = cast("list[Fields]", addition.get(key, []))
                _append(container, key, identity, added, f'container "{container["name"]}" of "{self.target.name}"')

    def _add_volumes(self) -> None:
        there = {each["name"]: each for each in _list(self.pod, "volumes")}
        own = self.found.own_volumes
        new = [each for each in self.found.volumes if each["name"] in own or there.get(each["name"]) != each]
        _append(self.pod, "volumes", "name", new, f'"{self.target.name}"')
        if self.found.claims:
            spec = cast(Fields, self.manifest["spec"])
            templates = cast("list[Fields]", spec.setdefault("volumeClaimTemplates", []))
            names = [cast(Fields, each["metadata"])["name"] for each in templates]
            templates += [claim_template(each) for each in self.found.claims if each.name not in names]

    def _add_pull_secrets(self) -> None:
        there = _list(self.pod, "imagePullSecrets")
        names = {each.get("name") for each in there}
        images = self.settings.images
        new = [{"name": name} for name in (images.pull_secrets if images else ()) if name not in names]
        if new:
            self.pod["imagePullSecrets"] = [*there, *new]


def _target(manifest: Fields, pod: Fields, stages: Sequence[Step]) -> _Target:
    metadata = cast(Fields, manifest.get("metadata") or {})
    return _Target(
        kind=str(manifest.get("kind")),
        name=str(metadata.get("name", "workload")),
        namespace=cast("str | None", metadata.get("namespace")),
        stages=tuple(stages),
        image_pull_secrets=[str(each["name"]) for each in _list(pod, "imagePullSecrets") if "name" in each],
    )


def _pod_of(manifest: Fields) -> Fields:
    template = pod_template(manifest)
    if template is None:
        raise ModelError(
            f"attach: {manifest.get('kind')}",
            "has no pod that stages could start in",
            "give a Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob",
        )
    for field in ("initContainers", "containers", "volumes"):
        for index, each in enumerate(cast("list[object]", template.spec.get(field) or [])):
            if not isinstance(each, Mapping) or not isinstance(each.get("name"), str):
                place = f"attach: {manifest.get('kind')}.{template.spec_path}.{field}[{index}]"
                raise ModelError(place, "has no name", "give it one before stages are attached")
    return cast(Fields, template.spec)


def _list(owner: Fields, key: str) -> list[Fields]:
    return cast("list[Fields]", owner.get(key) or [])


def _stand_in(init_container: Fields) -> Step:
    """What the order and the hand-offs need to know of an init container that is there."""
    name = str(init_container["name"])
    if init_container.get("restartPolicy") != "Always":
        return Stage(name, image=_THERE)
    probe = Probe(Exec([])) if "startupProbe" in init_container else None
    return Sidecar(name, image=_THERE, startup_probe=probe)


def _apps(
    target: _Target,
    pod: Fields,
    mounts: Mapping[str, Sequence[Mount]],
    env: Mapping[str, Mapping[str, EnvValue]],
) -> list[Container]:
    names = [str(each["name"]) for each in _list(pod, "containers")]
    for name in (*mounts, *env):
        if name not in names:
            remedy = near_miss(name, names) or f"its containers are {', '.join(names)}"
            raise ModelError(f'attach: "{name}"', f'is no container of {target.kind} "{target.name}"', remedy)
    _check_names(target, names)
    return [Container(name, image=_THERE, mounts=mounts.get(name, ()), env=env.get(name, {})) for name in names]


def _check_names(target: _Target, names: Sequence[str]) -> None:
    for step in target.stages:
        if step.name in names:
            raise ModelError(step.place, f'has the name of a container of "{target.name}"', "rename the stage")


def _hardening(pod: Fields, settings: Settings) -> Hardening:
    """The stages are filled in alone: what the pod says for all of its containers is its owner's."""
    context = cast("dict[str, Any]", pod.get("securityContext") or {})
    system = cast(Fields, pod.get("os") or {})
    return Hardening(
        ceiling=settings.ceiling,
        pod_non_root=context.get("runAsNonRoot") is True,
        pod_seccomp=(context.get("seccompProfile") or {}).get("type") in ("RuntimeDefault", "Localhost"),
        windows=system.get("name") == "windows",
    )


def _append(owner: Fields, key: str, identity: str, added: Sequence[Fields], place: str) -> None:
    there = _list(owner, key)
    taken = {each.get(identity) for each in there}
    for each in added:
        if each[identity] in taken:
            raise ModelError(f"attach: {place}", f'has "{each[identity]}" in {key} already', "choose another")
    if added:
        owner[key] = [*there, *added]
