"""What a server says before it looks into an object: whether it knows the kind, and whose namespace is meant."""

from __future__ import annotations

from collections.abc import Mapping

from initconstructs import schemas
from initconstructs.rules.api_server.cause import bad_request
from initconstructs.rules.api_server.check import Causes, rule
from initconstructs.rules.api_server.target import Target


@rule("unknown-kind", fix="Correct apiVersion and kind; `kubectl api-resources` lists what a cluster knows.")
def unknown_kind(manifest: Mapping[str, object], target: Target) -> Causes:
    """The target's server knows the kind.

    What: in the API groups that are Kubernetes' own, `apiVersion` and `kind` are known together in the target's minor,
    in their exact case. Other groups may come from custom resources, so nothing is said of them.
    Why: there is nowhere to send the object; APIs are removed as their successors mature.
    Example: `apiVersion: extensions/v1beta1`, `kind: deployment`.
    Fix: use the version that serves the kind today.
    Source: apimachinery pkg/runtime/scheme.go; https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    """
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    for field, value in (("apiVersion", version), ("kind", kind)):
        if value is not None and not isinstance(value, str):
            yield bad_request(field, f"{field} must be a string, not {value!r}")
    if not (version and kind and isinstance(version, str) and isinstance(kind, str)):
        return
    if version.count("/") > 1:
        yield bad_request("apiVersion", f"unexpected GroupVersion string: {version}")
    elif not _is_known(version, kind, target):
        served = schemas.versions_of(kind, target.minor)
        hint = f"; did you mean {' or '.join(served)}?" if served else ""
        yield bad_request("kind", f'no kind "{kind}" is registered for version "{version}"{hint}')


def _is_known(version: str, kind: str, target: Target) -> bool:
    """`v1` `List` is kubectl's own: it sends the items one by one."""
    if not schemas.is_built_in(version.rpartition("/")[0]) or (version, kind) == ("v1", "List"):
        return True
    return schemas.is_served(version, kind, target.minor)


@rule("other-namespace", fix="Remove metadata.namespace, or name the namespace that you deploy to.")
def other_namespace(manifest: Mapping[str, object], namespace: str) -> Causes:
    """An object is in the namespace that it is sent to.

    What: metadata.namespace, where it is given, is the namespace of the request.
    Why: the server puts an object where the request says, and refuses to be told two places.
    Example: `kubectl apply --namespace shop` of an object with `namespace: default`.
    Fix: leave metadata.namespace out of manifests that are applied with --namespace.
    Source: EnsureObjectNamespaceMatchesRequestNamespace in apiserver pkg/registry/rest/meta.go
    """
    metadata = manifest.get("metadata")
    own = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    if own and own != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        yield bad_request("metadata.namespace", message)


RULES = (unknown_kind.rule, other_namespace.rule)
