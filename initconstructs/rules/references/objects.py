"""References of a pod to ConfigMaps, Secrets, service accounts and volume claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from initconstructs.manifests.pod_template import PodTemplate, child, entries
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.references.synth import Manifest, Synth, kind, namespace

_rule = partial(rule, family="references")

# What every namespace has without anyone writing it.
_ALWAYS_THERE = frozenset([("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")])


@dataclass(frozen=True, slots=True)
class _Reference:
    """`path` is the object's reference, `field` the one of its fields that holds the name."""

    path: str
    field: str
    kind: str
    name: str
    key: str = ""


@_rule("missing-object", severity=Severity.INFO, fix="Add the object, mend the name, or mark the reference optional.")
def missing_object(manifest: Manifest, synth: Synth) -> Places:
    """A pod refers to an object that is not in this synth.

    What: a ConfigMap, Secret, ServiceAccount or PersistentVolumeClaim is named that none of the manifests makes.
    Why: unless something else makes it first, the pod stays in Init:0/n, ContainerCreating or
    CreateContainerConfigError, or is never created (service account).
    Example: `envFrom: [{configMapRef: {name: shop-confg}}]`
    Fix: add it to the synth, or leave the finding as the list of what the cluster has to have.
    Source: https://kubernetes.io/docs/concepts/configuration/configmap/
    """
    for reference in _references(manifest, synth):
        place = namespace(manifest)
        missing = reference.field != "key" and synth.find(reference.kind, place, reference.name) is None
        if missing and (reference.kind, reference.name) not in _ALWAYS_THERE:
            nearest = synth.nearest(reference.kind, place, reference.name)
            hint = f"; did you mean {nearest!r}?" if nearest else ""
            yield (
                f"{reference.path}.{reference.field}",
                f"{reference.kind} {reference.name!r} is not in this synth{hint}",
            )


@_rule("missing-key", severity=Severity.WARNING, fix="Add the key, mend its name, or mark the reference optional.")
def missing_key(manifest: Manifest, synth: Synth) -> Places:
    """A pod refers to a key that its ConfigMap or Secret does not have.

    What: the object is in this synth, and the key that is named is not in its data.
    Why: the container never starts: CreateContainerConfigError for a variable, a mount error for a file.
    Example: `secretKeyRef: {name: shop-db, key: passwd}` where the Secret has `password`
    Fix: the right key.
    Source: https://kubernetes.io/docs/concepts/configuration/secret/#restrictions
    """
    if not synth.has_keys:
        return
    for reference in _references(manifest, synth):
        owner = synth.find(reference.kind, namespace(manifest), reference.name)
        if owner is not None and reference.key and reference.key not in _keys(owner):
            having = ", ".join(sorted(_keys(owner))) or "none"
            path = f"{reference.path}.key"
            yield path, f"{reference.kind} {reference.name!r} has no key {reference.key!r} (it has {having})"


def _keys(owner: Manifest) -> set[str]:
    return {key for field in ("data", "binaryData", "stringData") for key in child(owner, field)}


def _references(manifest: Manifest, synth: Synth) -> Iterator[_Reference]:
    found = synth.workload(manifest)
    if found is None:
        return
    template = found.template
    account = template.spec.get("serviceAccountName")
    if isinstance(account, str) and account:
        yield _Reference(template.spec_path, "serviceAccountName", "ServiceAccount", account)
    yield from _of_volumes(manifest, template)
    for path, container in template.all_containers():
        yield from _of_environment(path, container)


def _of_volumes(manifest: Manifest, template: PodTemplate) -> Iterator[_Reference]:
    templates = {str(child(claim, "metadata").get("name")) for claim in _claim_templates(manifest)}
    for path, volume in template.entries("volumes"):
        yield from _of_source(path, volume)
        for source_path, source in entries(child(volume, "projected"), "sources", f"{path}.projected"):
            yield from _of_source(source_path, source)
        claim = child(volume, "persistentVolumeClaim").get("claimName")
        if isinstance(claim, str) and claim and str(volume.get("name")) not in templates:
            yield _Reference(f"{path}.persistentVolumeClaim", "claimName", "PersistentVolumeClaim", claim)


def _claim_templates(manifest: Manifest) -> list[Mapping[str, object]]:
    if kind(manifest) != "StatefulSet":
        return []
    return [claim for _, claim in entries(child(manifest, "spec"), "volumeClaimTemplates", "spec")]


def _of_source(path: str, owner: Mapping[str, object]) -> Iterator[_Reference]:
    """The configMap or secret of a volume or of a projected source; a secret volume calls its name `secretName`."""
    for field, of_kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        source = child(owner, field)
        label = "secretName" if "secretName" in source else "name"
        called = source.get(label)
        if isinstance(called, str) and called and source.get("optional") is not True:
            yield _Reference(f"{path}.{field}", label, of_kind, called)
            for item_path, item in entries(source, "items", f"{path}.{field}"):
                yield _Reference(item_path, "key", of_kind, called, str(item.get("key")))


def _of_environment(container_path: str, container: Mapping[str, object]) -> Iterator[_Reference]:
    for entry_path, entry in entries(container, "env", container_path):
        for field, of_kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            source = child(entry, "valueFrom", field)
            if (called := _name(source)) is not None:
                path = f"{entry_path}.valueFrom.{field}"
                yield _Reference(path, "name", of_kind, called, str(source.get("key")))
    for entry_path, entry in entries(container, "envFrom", container_path):
        for field, of_kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if (called := _name(child(entry, field))) is not None:
                yield _Reference(f"{entry_path}.{field}", "name", of_kind, called)


def _name(source: Mapping[str, object]) -> str | None:
    called = source.get("name")
    return called if isinstance(called, str) and called and source.get("optional") is not True else None


CHECKS: tuple[Check[[Manifest, Synth]], ...] = (missing_object, missing_key)
