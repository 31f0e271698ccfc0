"""References of Services to pods, and of waits to Services and Jobs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from initconstructs.manifests.pod_template import PodTemplate, child, entries
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.references.synth import Manifest, Synth, kind, namespace
from initconstructs.rules.startup.calls import Call, authority, calls_of_argv
from initconstructs.rules.startup.environment import expanded
from initconstructs.rules.startup.stage import Stage
from initconstructs.rules.startup.waiting import PROBES, name, probed_ports

_rule = partial(rule, family="references")

_HOST_OPTIONS = ("-h", "--host", "-H", "--hostname")
_NAMED_BY_OPERAND = frozenset(["nslookup", "dig", "host", "getent", "ping", "curl", "wget"])


@_rule("service-selects-nothing", severity=Severity.WARNING, fix="Make the selector match the pod template's labels.")
def service_selects_nothing(manifest: Manifest, synth: Synth) -> Places:
    """A Service selects no pod of this synth.

    What: the synth has workloads in the Service's namespace, and none has pods with the labels of the selector.
    Why: the Service has no endpoints; a wait for it never ends, and callers are refused.
    Example: `selector: {app: shop}` while the pods have `app.kubernetes.io/name: shop`
    Fix: the labels of the pod template, without those that change.
    Source: https://kubernetes.io/docs/concepts/services-networking/service/
    """
    selector = child(manifest, "spec", "selector")
    if kind(manifest) != "Service" or not selector or synth.selected(namespace(manifest), selector):
        return
    if any(namespace(owner) == namespace(manifest) for owner, _ in synth.workloads):
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        yield "spec.selector", f"no pod of this synth has the labels {labels}"


@_rule("service-port-unserved", severity=Severity.WARNING, fix="Point targetPort at a port that the pods declare.")
def service_port_unserved(manifest: Manifest, synth: Synth) -> Places:
    """A Service sends to a port that no container serves.

    What: targetPort is a name that no selected pod declares, or a number while the pods declare other ports only.
    Why: a name that nobody declares leaves the Service without endpoints for that port; connections to a number that
    nobody listens on are refused.
    Example: `targetPort: web` while the container has `ports: [{name: http, containerPort: 8080}]`
    Fix: `targetPort: http`
    Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    selector = child(manifest, "spec", "selector")
    if kind(manifest) != "Service" or not selector:
        return
    pods = synth.selected(namespace(manifest), selector)
    for path, port in entries(child(manifest, "spec"), "ports", "spec"):
        target = port.get("targetPort") or port.get("port")
        if pods and not any(_serves(pod, target) for pod in pods):
            field = "targetPort" if port.get("targetPort") else "port"
            yield f"{path}.{field}", f"no pod that the Service selects serves port {target!r}"


def _serves(pod: PodTemplate, target: object) -> bool:
    containers = [*pod.app_containers(), *pod.init_containers()]
    ports = [port for path, container in containers for _, port in entries(container, "ports", path)]
    if isinstance(target, str) and not target.isdecimal():
        return any(port.get("name") == target for port in ports)
    return not ports or any(str(port.get("containerPort")) == str(target) for port in ports)


@_rule("wait-outside-synth", severity=Severity.INFO, fix="Nothing, if another release makes the Service; else add it.")
def wait_outside_synth(manifest: Manifest, synth: Synth) -> Places:
    """A stage waits for a Service that this synth does not make.

    What: the host that an init container asks is the name of no Service among the manifests.
    Why: the pod starts only when somebody else has made it; a misspelt name waits for ever.
    Example: `until nc -z databse 5432; do sleep 1; done`
    Fix: mend the name, or take it as the list of what has to be there before.
    Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
    """
    found = synth.workload(manifest)
    for stage in found.init_stages if found else ():
        hosts = dict.fromkeys(_host(expanded(stage, address)) for address in _addresses(stage.run))
        for host in hosts:
            service, place = _service(host, namespace(manifest))
            if service and synth.find("Service", place, service) is None:
                where = f" in namespace {place!r}" if place != namespace(manifest) else ""
                yield (
                    stage.command_path,
                    f"{stage.name!r} waits for Service {service!r}{where}, which is not in this synth",
                )


@lru_cache(maxsize=4096)
def _addresses(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Every address that a wait asks, as it is written."""
    asked = (address for call in calls_of_argv(argv) for address in _addresses_of(call))
    return (*(target.replace(" ", ":") for target in probed_ports(argv)), *asked)


def _addresses_of(call: Call) -> Iterator[str]:
    program = name(call)
    if program in _NAMED_BY_OPERAND:
        operands = [word.text for word in call.words[1:] if not word.text.startswith("-") and not word.substitutions]
        urls = [operand for operand in operands if "://" in operand]
        yield from (urls if program in ("curl", "wget") else operands)[: 1 if call.loops else 0]
    elif program in PROBES:
        for option, value in zip(call.arguments, call.arguments[1:], strict=False):
            if option in _HOST_OPTIONS:
                yield value


def _host(address: str) -> str:
    return authority(address).rpartition("@")[2].partition(":")[0]


def _service(host: str, place: str) -> tuple[str, str]:
    """Service and namespace of a name inside the cluster; ('', '') for any other host."""
    labels = host.rstrip(".").split(".")
    inside = len(labels) == 1 or (len(labels) > 2 and labels[2] == "svc")
    valid = labels[0].replace("-", "a").isalnum() and labels[0].islower() and labels[0] != "localhost"
    if not (inside and valid):
        return "", ""
    return labels[0], labels[1] if len(labels) > 1 and labels[1] != place else place


@_rule("wait-on-expiring-job", severity=Severity.WARNING, fix="Wait for what the Job makes, such as the schema.")
def wait_on_expiring_job(manifest: Manifest, synth: Synth) -> Places:
    """A stage waits for a Job that removes itself.

    What: an init container waits for a Job of this synth that has ttlSecondsAfterFinished.
    Why: when the Job is gone a pod that starts later waits for ever, though the work was done long ago.
    Example: `kubectl wait --for=condition=complete job/migrate` with `ttlSecondsAfterFinished: 600`
    Fix: ask the thing itself (the migration tool knows the schema's version), or drop the TTL.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
    """
    found = synth.workload(manifest) if synth.expiring_jobs else None
    for stage in found.init_stages if found else ():
        for job in _jobs(stage):
            seconds = synth.expiring_jobs.get((namespace(manifest), job))
            if seconds is not None:
                yield (
                    stage.command_path,
                    f"{stage.name!r} waits for Job {job!r}, which is removed {seconds} s after its end",
                )


def _jobs(stage: Stage) -> Iterator[str]:
    for call in stage.called("kubectl", "oc"):
        yield from _jobs_of_kubectl(call)
    if stage.repository == "k8s-wait-for" and stage.argv[:1] in (("job",), ("job-wr",)):
        yield from stage.argv[1:2]


def _jobs_of_kubectl(call: Call) -> Iterator[str]:
    for argument, following in zip(call.arguments, (*call.arguments[1:], ""), strict=True):
        resource, slash, called = argument.partition("/")
        if resource in ("job", "jobs", "job.batch", "jobs.batch"):
            yield called if slash else following


CHECKS: tuple[Check[[Manifest, Synth]], ...] = (
    service_selects_nothing,
    service_port_unserved,
    wait_outside_synth,
    wait_on_expiring_job,
)
