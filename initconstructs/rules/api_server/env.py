"""Environment variables, and where their values come from.

Source: ValidateEnv and ValidateEnvFrom in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from initconstructs.rules.api_server import formats
from initconstructs.rules.api_server.cause import invalid, not_found, required
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.field_refs import field_ref, resource_ref
from initconstructs.rules.api_server.formats import config_key, dns_label, dns_subdomain, path_without_back_steps
from initconstructs.rules.api_server.pod_context import NONE, PodContext

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)


def env(variables: Iterable[Node], path: str, pod: PodContext) -> Problems:
    """A container's `env`."""
    for index, variable in enumerate(variables):
        at = f"{path}[{index}]"
        yield from env_name(variable.get("name") or "", f"{at}.name", pod)
        if "valueFrom" in variable:
            yield from _value_from(variable, f"{at}.valueFrom", pod)


def _value_from(variable: Node, path: str, pod: PodContext) -> Problems:
    source = variable["valueFrom"]
    if "fieldRef" in source:
        yield from field_ref(source["fieldRef"], f"{path}.fieldRef", _ENV_FIELDS)
    if "resourceFieldRef" in source:
        yield from resource_ref(source["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=False)
    for name in ("configMapKeyRef", "secretKeyRef"):
        if name in source:
            yield from env_key_ref(source[name], f"{path}.{name}")
    if "fileKeyRef" in source:
        yield from env_file_ref(source["fileKeyRef"], f"{path}.fileKeyRef")
    yield from env_source(variable, path, pod)


@rule("env-name", fix="Name every variable; up to Kubernetes 1.31 with letters, digits, `_`, `-` and `.` only.")
def env_name(name: str, path: str, pod: PodContext) -> Causes:
    """An environment variable has a name that the target allows.

    What: from 1.32 any printable ASCII text without `=`; before, letters, digits, `_`, `-` and `.`, no digit first.
    Why: `=` separates the name from the value in a process' environment.
    Example: `name: MY=VAR`; `name: 1ST` before 1.32.
    Fix: use upper-case letters, digits and underscores, which every shell can read.
    Source: IsRelaxedEnvVarName and IsEnvVarName in apimachinery pkg/util/validation/validation.go
    """
    if not name:
        yield required(path)
    for complaint in _env_name(name, pod) if name else ():
        yield invalid(path, name, complaint)


def _env_name(name: str, pod: PodContext) -> formats.Complaints:
    if pod.target.enabled("RelaxedEnvironmentVariableValidation"):
        return formats.relaxed_env_name(name)
    return formats.env_name(name)


@rule("env-source", fix="Give a variable either a value or exactly one source below valueFrom.")
def env_source(variable: Node, path: str, pod: PodContext) -> Causes:
    """A variable has a value or one source, not both.

    What: `valueFrom` holds exactly one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef and, from 1.35,
    fileKeyRef; `value` is then absent or empty.
    Why: the kubelet could not tell which one counts.
    Example: `{name: A, value: b, valueFrom: {...}}`, `valueFrom: {}`.
    Fix: remove what you don't mean.
    Source: validateEnvVarValueFrom in pkg/apis/core/validation/validation.go
    """
    given = [name for name in _SOURCES if name in variable["valueFrom"]]
    if not given:
        known = _SOURCES if pod.target.enabled("EnvFiles") else _SOURCES[:-1]
        names = [f"`{name}`" for name in known]
        yield invalid(path, "", f"must specify one of: {', '.join(names[:-1])} or {names[-1]}")
    elif variable.get("value"):
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


@rule("env-key-ref", fix="Name the ConfigMap or Secret, and a key that it can hold.")
def env_key_ref(reference: Node, path: str) -> Causes:
    """A reference to a key names an object and a key.

    What: `name` is a DNS subdomain; `key` has at most 253 letters, digits, `-`, `_` and `.`, and begins with no `..`.
    Why: nothing else can exist, so the container could never start.
    Example: `secretKeyRef: {name: shop-db}` has no key.
    Fix: `secretKeyRef: {name: shop-db, key: url}`.
    Source: validateConfigMapKeySelector and validateSecretKeySelector in pkg/apis/core/validation/validation.go
    """
    name, key = reference.get("name") or "", reference.get("key") or ""
    for complaint in dns_subdomain(name):
        yield invalid(f"{path}.name", name, complaint)
    if not key:
        yield required(f"{path}.key")
    for complaint in config_key(key) if key else ():
        yield invalid(f"{path}.key", key, complaint)


@rule("env-file-ref", fix="Give fileKeyRef a volumeName, a path below that volume, and a key.")
def env_file_ref(reference: Node, path: str) -> Causes:
    """A reference to a key of an environment file is complete.

    What: `key` is an environment variable's name, `volumeName` a DNS label, `path` has no `..`.
    Why: the kubelet reads the file from the volume when the container starts.
    Example: `fileKeyRef: {volumeName: handover, key: TOKEN}` has no path.
    Fix: `fileKeyRef: {volumeName: handover, path: env, key: TOKEN}`.
    Source: validateFileKeySelector in pkg/apis/core/validation/validation.go
    """
    key, volume, file = (reference.get(name) or "" for name in ("key", "volumeName", "path"))
    yield from _required_and(f"{path}.key", key, formats.relaxed_env_name(key))
    yield from _required_and(f"{path}.volumeName", volume, dns_label(volume))
    yield from _required_and(f"{path}.path", file, path_without_back_steps(file))


def _required_and(path: str, value: str, complaints: formats.Complaints) -> Causes:
    if not value:
        yield required(path)
    for complaint in complaints if value else ():
        yield invalid(path, value, complaint)


@rule("env-file-volume", fix="Hand environment files over in an emptyDir volume of the pod.")
def env_file_volume(pod: PodContext) -> Causes:
    """An environment file lives in an emptyDir of the pod.

    What: the volume that fileKeyRef names is declared, and an emptyDir.
    Why: the file is written by an earlier container of the same pod.
    Example: `volumeName: settings` where settings is a configMap volume.
    Fix: use an emptyDir, mounted by the init container that writes the file.
    Source: validateFileKeyRefVolumes in pkg/apis/core/validation/validation.go
    """
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(pod.spec.get(kind) or ()):
            for number, variable in enumerate(container.get("env") or ()):
                if "fileKeyRef" in variable.get("valueFrom", NONE):
                    name = variable["valueFrom"]["fileKeyRef"].get("volumeName") or ""
                    yield from _env_file_volume(name, f"{pod.path}.{kind}[{index}].env[{number}]", pod)


def _env_file_volume(name: str, path: str, pod: PodContext) -> Causes:
    at = f"{path}.valueFrom.fileKeyRef.volumeName"
    volume = {each.get("name") or "": each for each in pod.spec.get("volumes") or ()}.get(name)
    if volume is None:
        yield not_found(at, name)
    elif "emptyDir" not in volume and volume.keys() - {"name"}:
        yield invalid(at, name, "referenced volume must be of type emptyDir")


@rule("env-from", fix="Give each entry of envFrom exactly one named configMapRef or secretRef.")
def env_from(entries: Iterable[Node], path: str, pod: PodContext) -> Causes:
    """An entry of envFrom takes all keys of one ConfigMap or Secret.

    What: exactly one of configMapRef and secretRef, with a name; `prefix` may begin a variable's name.
    Why: nothing else can exist, so the container could never start.
    Example: `envFrom: [{prefix: APP_}]`.
    Fix: `envFrom: [{prefix: APP_, configMapRef: {name: settings}}]`.
    Source: ValidateEnvFrom in pkg/apis/core/validation/validation.go
    """
    for index, entry in enumerate(entries):
        prefix = entry.get("prefix") or ""
        for complaint in _env_name(prefix, pod) if prefix else ():
            yield invalid(f"{path}[{index}].prefix", prefix, complaint)
        given = [name for name in ("configMapRef", "secretRef") if name in entry]
        for name in given:
            yield from _env_from_name(entry[name].get("name") or "", f"{path}[{index}].{name}.name")
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")


def _env_from_name(name: str, path: str) -> Causes:
    if not name:
        yield required(path)
    stem = f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name
    for complaint in dns_subdomain(stem) if name else ():
        yield invalid(path, name, complaint)


RULES = (
    env_name.rule,
    env_source.rule,
    env_key_ref.rule,
    env_file_ref.rule,
    env_file_volume.rule,
    env_from.rule,
)
