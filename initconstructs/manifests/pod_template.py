"""The pod inside any workload, and the containers inside the pod, with the paths that the API server gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

_TEMPLATE_PATHS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}

POD_KINDS = frozenset(kind for _, kind in _TEMPLATE_PATHS)
"""The kinds that run pods."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PodTemplate:
    """`path` is empty for a Pod and `spec.template` for a Deployment."""

    path: str
    metadata: Mapping[str, object]
    spec: Mapping[str, object]

    @property
    def spec_path(self) -> str:
        """Where the pod spec stands: `spec.template.spec`."""
        return f"{self.path}.spec" if self.path else "spec"

    @property
    def metadata_path(self) -> str:
        """Where the pod's metadata stands: `spec.template.metadata`."""
        return f"{self.path}.metadata" if self.path else "metadata"

    def init_containers(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Path and container of every init container, sidecars among them, in their order."""
        return self.entries("initContainers")

    def app_containers(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Path and container of every app container."""
        return self.entries("containers")

    def all_containers(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Init, app and ephemeral containers, in the order in which Kubernetes visits them."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            yield from self.entries(field)

    def entries(self, field: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Path and item of every mapping in a list of the pod spec, such as `volumes`."""
        return entries(self.spec, field, self.spec_path)


def entries(owner: Mapping[str, object], field: str, path: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Path and item of every mapping in the list `field` of `owner`; what has another type is passed over."""
    items = owner.get(field)
    if isinstance(items, list):
        for index, item in enumerate(items):
            if is_mapping(item):
                yield f"{path}.{field}[{index}]", item


def child(owner: object, *fields: str) -> Mapping[str, object]:
    """The mapping below these fields; empty where it is absent or has another type."""
    for field in fields:
        if type(owner) is not dict and not isinstance(owner, Mapping):  # is_mapping, without the call
            return {}
        owner = owner.get(field)
    return owner if is_mapping(owner) else {}


def is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    """`isinstance(value, Mapping)`, which for a dict, the usual case, takes ten times as long."""
    return type(value) is dict or isinstance(value, Mapping)


def is_sidecar(init_container: Mapping[str, object]) -> bool:
    """Whether the init container keeps running beside the app (restartPolicy Always)."""
    return init_container.get("restartPolicy") == "Always"


def pod_template(manifest: Mapping[str, object]) -> PodTemplate | None:
    """The pod that a built-in workload runs; None for other kinds and where no pod spec is written."""
    steps = _TEMPLATE_PATHS.get((_group(manifest), str(manifest.get("kind"))))
    if steps is None:
        return None
    template = child(manifest, *steps)
    spec = template.get("spec")
    if not isinstance(spec, Mapping):
        return None
    return PodTemplate(path=".".join(steps), metadata=child(template, "metadata"), spec=spec)


def workloads(
    manifests: Iterable[Mapping[str, object]],
) -> Iterator[tuple[Mapping[str, object], PodTemplate]]:
    """Every manifest that runs pods, with its pod."""
    for manifest in manifests:
        if template := pod_template(manifest):
            yield manifest, template


def _group(manifest: Mapping[str, object]) -> str:
    group, slash, _ = str(manifest.get("apiVersion")).partition("/")
    return group if slash else ""
