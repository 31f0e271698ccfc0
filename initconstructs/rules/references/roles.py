"""References of RBAC objects to those who use them."""

from __future__ import annotations

from collections.abc import Iterator

from initconstructs.manifests.pod_template import child, entries
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.references.synth import Manifest, Synth, kind, name, namespace


@rule(
    "unused-role",
    family="references",
    severity=Severity.INFO,
    fix="Remove the role, or bind it to a service account that a pod runs as.",
)
def unused_role(manifest: Manifest, synth: Synth) -> Places:
    """Nobody uses an RBAC role.

    What: no binding of this synth names the Role, or it is bound only to service accounts that no pod here runs as.
    Why: a right that nobody needs is one that somebody may find; often the name in the binding is wrong.
    Example: a Role `job-reader` and a RoleBinding to `default` while the pods run as `shop`
    Fix: `serviceAccountName: shop` in the pod and in the binding's subjects.
    Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege
    """
    if kind(manifest) not in ("Role", "ClusterRole") or "aggregationRule" in manifest:
        return
    bindings = list(_bindings(manifest, synth))
    if not bindings:
        if kind(manifest) == "Role":
            yield "metadata.name", f"no binding in this synth gives the rights of Role {name(manifest)!r} to anyone"
        return
    subjects = [subject for binding in bindings for subject in _subjects(binding)]
    if synth.workloads and subjects and not synth.service_accounts_in_use.intersection(subjects):
        accounts = ", ".join(sorted({account for _, account in subjects}))
        yield "metadata.name", f"it is bound to {accounts}, and no pod of this synth runs as that"


def _bindings(role: Manifest, synth: Synth) -> Iterator[Manifest]:
    for of_kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in synth.of_kind(of_kind):
            reference = child(binding, "roleRef")
            same_place = kind(role) == "ClusterRole" or namespace(binding) == namespace(role)
            if (reference.get("kind"), reference.get("name")) == (kind(role), name(role)) and same_place:
                yield binding


def _subjects(binding: Manifest) -> Iterator[tuple[str, str]]:
    """Service accounts; a user or a group may be anyone, and is then taken for used."""
    for _, subject in entries(binding, "subjects", ""):
        if subject.get("kind") == "ServiceAccount":
            yield str(subject.get("namespace") or namespace(binding)), str(subject.get("name"))


CHECKS: tuple[Check[[Manifest, Synth]], ...] = (unused_role,)
