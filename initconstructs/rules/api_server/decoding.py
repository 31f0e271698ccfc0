"""The first thing a server does with a manifest: decode it strictly, and forget the fields whose gate is off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from initconstructs import schemas
from initconstructs.manifests.pod_template import pod_template
from initconstructs.rules.api_server.cause import bad_request
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.gates import (
    FORGETS_RESTART_POLICIES,
    GATE_OF,
    IMAGE_VOLUME,
    RESTART_RULES,
    SOURCE_NAMESPACE,
    STOP_SIGNAL,
    ignored,
)
from initconstructs.rules.api_server.target import Target
from initconstructs.rules.finding import Severity
from initconstructs.rules.rule import Problem


@dataclass(frozen=True, slots=True)
class Decoded:
    """The object that validation sees, why there may be none, and what was forgotten on the way."""

    manifest: Node
    problems: Sequence[Problem] = ()
    dropped: Sequence[Problem] = ()


def decode(manifest: Mapping[str, object], definition: str, target: Target) -> Decoded:
    """Decode a manifest of a known definition."""
    decoded = schemas.decode(manifest, definition, target.minor, ignored(target, definition))
    forgotten = [*decoded.ignored]
    if target.minor == FORGETS_RESTART_POLICIES:
        forgotten += _own_restart_policies(decoded.value)
    if not decoded.errors and not forgotten:
        return Decoded(decoded.value)
    _drop_with(decoded.value, decoded.ignored)
    problems = (*mistyped_field(decoded.errors), *unknown_field(decoded.errors))
    return Decoded(decoded.value, problems, tuple(gated_field(forgotten, target)))


@rule(
    "unknown-field",
    fix="Correct the spelling or the indentation, or remove the field; a newer Kubernetes may know it.",
)
def unknown_field(errors: Iterable[schemas.ShapeError]) -> Causes:
    """A field exists in the target's version of the object.

    What: every key has to be a field of the type at its place, in the target's minor and in its exact case.
    Why: kubectl and this check ask for strict field validation, where an unknown field is refused; without it the
    field would vanish silently, and with it what its author meant.
    Example: `volumemounts:` in a container, or `fileKeyRef:` before Kubernetes 1.34.
    Fix: correct the spelling or the indentation, or remove the field.
    Source: sigs.k8s.io/json UnmarshalStrict; https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
    """
    for error in errors:
        if error.unknown:
            yield bad_request(error.path, f"strict decoding error: {error.message}")


@rule(
    "mistyped-field",
    fix="Write the value in the field's type: quote strings, unquote numbers and booleans, use lists for lists.",
)
def mistyped_field(errors: Iterable[schemas.ShapeError]) -> Causes:
    """A value has the type of its field, and the grammar where the type has one.

    What: strings, integers that fit, booleans, lists and objects each stand where the type says so; quantities, times
    and base64 data can be parsed.
    Why: the server can't decode the object, reports the first such value, and looks at nothing else.
    Example: `value: 8080` in an environment variable, `replicas: "3"`, `memory: 128MB`.
    Fix: write the value in the field's type: `value: "8080"`, `replicas: 3`, `memory: 128Mi`.
    Source: Go's encoding/json as sigs.k8s.io/json uses it; apimachinery pkg/api/resource/quantity.go
    """
    for error in errors:
        if not error.unknown:
            yield bad_request(error.path, error.message)


@rule(
    "gated-field",
    severity=Severity.WARNING,
    fix="Remove the field, or target a Kubernetes minor that has its feature gate on by default.",
)
def gated_field(forgotten: Iterable[tuple[str, str]], target: Target) -> Causes:
    """A field takes effect in the target's minor.

    What: a field whose feature gate is off by default is known to the server, accepted, and forgotten.
    Why: nothing tells the author that what they wrote isn't stored; an image volume goes with all of its mounts.
    Example: `stopSignal: SIGQUIT` (gate ContainerStopSignals), or pod-level `resources` before 1.34.
    Fix: remove the field, target a newer minor, or know that your clusters have the gate on.
    Source: dropDisabledFields in pkg/api/pod/util.go and the registry strategies
    """
    for path, place in forgotten:
        gate = GATE_OF[place]
        yield bad_request(path, f"dropped silently: Kubernetes 1.{target.minor} has the feature gate {gate} off")


RULES = (unknown_field.rule, mistyped_field.rule, gated_field.rule)


def _own_restart_policies(manifest: Node) -> Iterator[tuple[str, str]]:
    """Where a container says itself when it restarts; a sidecar's Always is older and stays."""
    template = pod_template(manifest)
    for path, container in template.all_containers() if template else ():
        sidecar = ".initContainers[" in path and container.get("restartPolicy") == "Always"
        if "restartPolicy" in container and not sidecar:
            yield f"{path}.restartPolicy", RESTART_RULES


def _drop_with(manifest: Node, ignored: Iterable[tuple[str, str]]) -> None:
    """Some fields take more with them: a stop signal a lifecycle that has nothing else, an image its volume and mounts,
    a namespace the whole dataSourceRef."""
    holes: dict[str, set[int]] = {}
    for path, place in ignored:
        if place == STOP_SIGNAL:
            container, _, lifecycle = path.removesuffix(".stopSignal").rpartition(".")
            if not _at(manifest, path.removesuffix(".stopSignal")):
                _at(manifest, container).pop(lifecycle)
        elif place == SOURCE_NAMESPACE:
            claim, _, reference = path.removesuffix(".namespace").rpartition(".")
            _at(manifest, claim).pop(reference)
        elif place == IMAGE_VOLUME:
            spec, _, rest = path.rpartition(".volumes[")
            holes.setdefault(spec, set()).add(int(rest.partition("]")[0]))
    for spec, indices in holes.items():
        _without_volumes(_at(manifest, spec), indices)


def _without_volumes(spec: dict[str, Any], indices: set[int]) -> None:
    names = {spec["volumes"][index].get("name") for index in indices}
    spec["volumes"] = [volume for index, volume in enumerate(spec["volumes"]) if index not in indices]
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            mounts = container.get("volumeMounts", ())
            container["volumeMounts"] = [mount for mount in mounts if mount.get("name") not in names]


def _at(manifest: Node, path: str) -> Any:
    node: Any = manifest
    for name in re.findall(r"[^.\[\]]+", path):
        node = node[int(name)] if isinstance(node, list) else node[name]
    return node
