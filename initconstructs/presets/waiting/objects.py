"""Waits for objects of the Kubernetes API, in the workload's own namespace or in the one that `namespace` names.

Each may list and watch the objects that it asks about and nothing else: by name where there is one (`resourceNames`),
which the API server allows for requests with a field selector on that name. For objects of another namespace the Role
and its RoleBinding come out there, so who applies the manifests must be allowed to write them there. Objects without a
namespace would need rights in the whole cluster, which none of these asks for.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import wrong
from initconstructs.model.stages import PolicyRule
from initconstructs.presets.text import check_text
from initconstructs.presets.waiting.wait import Spec, Wait, WaitOptions, named, wait

CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"

_CONTROLLERS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
_API_VERSION = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+")


@ends_at_the_author
def job_complete(
    name: str,
    /,
    *,
    gone: Literal["wait", "complete"] = "wait",
    namespace: str | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until a Job is complete. A Job that has failed ends the wait at once, with exit code 3.

        waiting.job_complete("seed-1.4.2", gone="complete")

    A finished Job that its `ttlSecondsAfterFinished` removes while the stage waits passes: the watch brings its last
    state. One that was removed before the stage started leaves no trace, and looks like one that was never made.
    `gone` says which it is: "wait" until there is one, or "complete" where the Job is always made before the pods (a
    Helm hook, a sync wave). If neither holds, ask for what the Job achieves, with `http`, `file`, `condition` or
    the migrating tool: a pod that starts next month still finds that.

    May: list and watch this Job. Sources: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
    """
    checks.choice("job_complete: gone", gone, ("wait", "complete"))
    absent = "is not there: not made yet, or removed by its TTL (then ask for what it achieves)"
    spec = {"at": f"job {name}", "until": "complete", "gone": gone, "absent": absent}
    return _one("batch/v1", "jobs", name, spec, options, namespace=namespace)


@ends_at_the_author
def rollout(
    name: str,
    /,
    *,
    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = "Deployment",
    namespace: str | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until every pod of a workload is of its latest version and available: `kubectl rollout status`.

        waiting.rollout("schema-registry")

    May: list and watch this workload. Sources: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
    """
    checks.choice("rollout: kind", kind, tuple(_CONTROLLERS))
    spec = {"at": f"{kind.lower()} {name}", "until": "rolled out", "kind": kind}
    return _one("apps/v1", _CONTROLLERS[kind], name, spec, options, namespace=namespace)


@ends_at_the_author
def pod_ready(name: str, /, *, namespace: str | None = None, **options: Unpack[WaitOptions]) -> Wait:
    """Wait until one pod, of a StatefulSet say, is ready and not about to go.

        waiting.pod_ready("kafka-0")

    May: list and watch this pod. Sources: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
    """
    spec = {"at": f"pod {name}", "until": "ready", "at_least": 1}
    return _one("v1", "pods", name, spec, options, namespace=namespace)


@ends_at_the_author
def pods_ready(
    labels: Mapping[str, str], *, at_least: int = 1, namespace: str | None = None, **options: Unpack[WaitOptions]
) -> Wait:
    """Wait until at least so many pods with these labels are ready and not about to go.

        waiting.pods_ready({"app": "kafka"}, at_least=3)

    May: list and watch pods, all of the namespace, as the API knows no right to those of a label. A Service that
    selects the pods asks for less: `service_endpoints`. Each pod takes up to 100 KiB of memory: for more than 300 of
    them, raise the limit of 64Mi by `resources=`.

    Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
    """
    kept = checks.strings("pods_ready: labels", labels)
    for part in (*kept, *kept.values()):
        if not re.fullmatch(r"[-A-Za-z0-9_./]*", part):
            raise wrong(
                "pods_ready: labels", part, "must be a label: letters, digits, '-', '_', '.' and '/'", "correct it"
            )
    checks.number("pods_ready: at_least", at_least, 1)
    selector = ",".join(f"{key}={value}" for key, value in sorted(kept.items()))
    if not selector:
        raise wrong("pods_ready: labels", dict(labels), "must not be empty", 'write {"app": "kafka"}, say')
    spec = {"at": f"pods {selector}", "until": "ready", "at_least": at_least}
    rule = PolicyRule(verbs=["list", "watch"], resources=["pods"], namespace=namespace)
    return _wait("v1", spec | {"select": {"labelSelector": selector}}, rule, options)


@ends_at_the_author
def service_endpoints(
    name: str, /, *, at_least: int = 1, namespace: str | None = None, **options: Unpack[WaitOptions]
) -> Wait:
    """Wait until a Service has at least so many ready endpoints.

        waiting.service_endpoints("db")

    May: list and watch EndpointSlices, all of the namespace, as their names are generated. Prefer a wait that asks the
    service itself, `postgres` or `http` say: it needs no rights and sees more.

    Sources: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
    """
    checks.label("service_endpoints: name", name)
    checks.number("service_endpoints: at_least", at_least, 1)
    select = {"labelSelector": f"kubernetes.io/service-name={name}"}
    spec = {"at": f"service {name}", "until": "endpoints", "at_least": at_least, "select": select}
    rule = PolicyRule(
        verbs=["list", "watch"], resources=["endpointslices"], api_groups=["discovery.k8s.io"], namespace=namespace
    )
    return _wait("discovery.k8s.io/v1", spec, rule, options)


@ends_at_the_author
def condition(
    resource: str,
    name: str,
    /,
    *,
    api_version: str,
    condition: str = "Ready",
    status: Literal["True", "False", "Unknown"] = "True",
    namespace: str | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until a condition of any object has a status.

        waiting.condition("certificates", "shop-tls", api_version="cert-manager.io/v1")

    `resource` is the plural of the API's path. A condition that says it is about an older generation doesn't pass.

    May: list and watch this object. Sources: https://kubernetes.io/docs/reference/generated/kubectl/kubectl-commands#wait
    """
    check_text("condition: condition", condition)
    checks.choice("condition: status", status, ("True", "False", "Unknown"))
    spec = {"at": f"{resource} {name}", "until": "condition", "condition": condition, "status": status}
    return _one(api_version, resource, name, spec, options, namespace=namespace)


@ends_at_the_author
def field(
    resource: str,
    name: str,
    /,
    *,
    api_version: str,
    path: str,
    value: str,
    namespace: str | None = None,
    **options: Unpack[WaitOptions],
) -> Wait:
    """Wait until a field of any object has a value, compared as text.

        waiting.field("persistentvolumeclaims", "data", api_version="v1", path="status.phase", value="Bound")

    `path` goes through mappings only. May: list and watch this object.

    Sources: https://kubernetes.io/docs/reference/generated/kubectl/kubectl-commands#wait
    """
    names = check_text("field: path", path).split(".")
    if not all(names):
        raise wrong("field: path", path, "must be names joined by '.'", 'write "status.phase", say')
    spec = {"at": f"{resource} {name}", "until": "field", "field": names, "value": check_text("field: value", value)}
    return _one(api_version, resource, name, spec, options, namespace=namespace)


def _one(
    api_version: object, resource: str, name: str, spec: Spec, options: WaitOptions, *, namespace: str | None
) -> Wait:
    """A wait for the one object of this name."""
    checks.subdomain("name", name)
    if not isinstance(api_version, str) or not _API_VERSION.fullmatch(api_version):
        raise wrong("api_version", api_version, 'must be "v1" or "group/version"', 'write "cert-manager.io/v1", say')
    checks.label("resource", resource)
    rule = PolicyRule(
        verbs=["list", "watch"],
        resources=[resource],
        api_groups=[api_version.rpartition("/")[0]],
        resource_names=[name],
        namespace=namespace,
    )
    return _wait(api_version, {**spec, "select": {"fieldSelector": f"metadata.name={name}"}}, rule, options)


def _wait(api_version: str, spec: Spec, rule: PolicyRule, options: WaitOptions) -> Wait:
    root = "/apis" if "/" in api_version else "/api"
    path = f"{root}/{api_version}/namespaces/{rule.namespace or '{namespace}'}/{rule.resources[0]}"
    about = spec if rule.namespace is None else {**spec, "at": f"{spec['at']} in {rule.namespace}"}
    asked: dict[str, object] = {"wait": "kubernetes", **about, "path": path, "credentials": CREDENTIALS}
    return wait(named(str(spec["at"])), [asked], options, [rule])
