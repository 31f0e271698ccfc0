"""Ordered, typed start-up stages for Kubernetes workloads: the pure door.

Importing this package imports neither cdk8s nor Node; `initconstructs.workloads` is the door that does. A name is
loaded when it is first asked for, so that the command line, which needs none of the model, starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initconstructs.manifests.yaml_out import dump_yaml
    from initconstructs.model.containers import Container, ContainerPort
    from initconstructs.model.environment import (
        ConfigMapEnv,
        ConfigMapKey,
        EnvValue,
        FieldRef,
        FileKey,
        ResourceFieldRef,
        SecretEnv,
        SecretKey,
    )
    from initconstructs.model.errors import ModelError
    from initconstructs.model.order import inserted, ordered
    from initconstructs.model.pods import Affinity, DnsConfig, Toleration, TopologySpread
    from initconstructs.model.probes import Exec, Grpc, HttpGet, Probe, Sleep, TcpSocket
    from initconstructs.model.resources import Resources
    from initconstructs.model.security import Capabilities, PodSecurityContext, SeccompProfile, SecurityContext
    from initconstructs.model.settings import ImagePolicy, Settings
    from initconstructs.model.stages import (
        Directory,
        EnvironmentFile,
        PolicyRule,
        Sidecar,
        Stage,
        Step,
        completed,
        healthy,
        started,
    )
    from initconstructs.model.volumes import (
        Claim,
        ClaimSpec,
        ClaimTemplate,
        ConfigMapFiles,
        Csi,
        DownwardApi,
        EmptyDir,
        EphemeralClaim,
        HostPath,
        Image,
        InlineFiles,
        Mount,
        Nfs,
        Projected,
        SecretFiles,
        ServiceAccountToken,
        Volume,
    )
    from initconstructs.model.workload import (
        ClaimRetention,
        CronJobSpec,
        DaemonSetSpec,
        DeploymentSpec,
        JobSpec,
        OnDelete,
        PodSpec,
        Recreate,
        RollingUpdate,
        StatefulSetSpec,
    )
    from initconstructs.rendering.attachment import attached
    from initconstructs.rendering.workload import render, selector_labels

__all__ = [
    "Affinity",
    "Capabilities",
    "Claim",
    "ClaimRetention",
    "ClaimSpec",
    "ClaimTemplate",
    "ConfigMapEnv",
    "ConfigMapFiles",
    "ConfigMapKey",
    "Container",
    "ContainerPort",
    "CronJobSpec",
    "Csi",
    "DaemonSetSpec",
    "DeploymentSpec",
    "Directory",
    "DnsConfig",
    "DownwardApi",
    "EmptyDir",
    "EnvValue",
    "EnvironmentFile",
    "EphemeralClaim",
    "Exec",
    "FieldRef",
    "FileKey",
    "Grpc",
    "HostPath",
    "HttpGet",
    "Image",
    "ImagePolicy",
    "InlineFiles",
    "JobSpec",
    "ModelError",
    "Mount",
    "Nfs",
    "OnDelete",
    "PodSecurityContext",
    "PodSpec",
    "PolicyRule",
    "Probe",
    "Projected",
    "Recreate",
    "ResourceFieldRef",
    "Resources",
    "RollingUpdate",
    "SeccompProfile",
    "SecretEnv",
    "SecretFiles",
    "SecretKey",
    "SecurityContext",
    "ServiceAccountToken",
    "Settings",
    "Sidecar",
    "Sleep",
    "Stage",
    "StatefulSetSpec",
    "Step",
    "TcpSocket",
    "Toleration",
    "TopologySpread",
    "Volume",
    "attached",
    "completed",
    "dump_yaml",
    "healthy",
    "inserted",
    "ordered",
    "render",
    "selector_labels",
    "started",
]

_HOMES = {
    "manifests.yaml_out": ("dump_yaml",),
    "model.containers": (
        "Container",
        "ContainerPort",
    ),
    "model.environment": (
        "ConfigMapEnv",
        "ConfigMapKey",
        "EnvValue",
        "FieldRef",
        "FileKey",
        "ResourceFieldRef",
        "SecretEnv",
        "SecretKey",
    ),
    "model.errors": ("ModelError",),
    "model.order": (
        "inserted",
        "ordered",
    ),
    "model.pods": (
        "Affinity",
        "DnsConfig",
        "Toleration",
        "TopologySpread",
    ),
    "model.probes": (
        "Exec",
        "Grpc",
        "HttpGet",
        "Probe",
        "Sleep",
        "TcpSocket",
    ),
    "model.resources": ("Resources",),
    "model.security": (
        "Capabilities",
        "PodSecurityContext",
        "SeccompProfile",
        "SecurityContext",
    ),
    "model.settings": (
        "ImagePolicy",
        "Settings",
    ),
    "model.stages": (
        "Directory",
        "EnvironmentFile",
        "PolicyRule",
        "Sidecar",
        "Stage",
        "Step",
        "completed",
        "healthy",
        "started",
    ),
    "model.volumes": (
        "Claim",
        "ClaimSpec",
        "ClaimTemplate",
        "ConfigMapFiles",
        "Csi",
        "DownwardApi",
        "EmptyDir",
        "EphemeralClaim",
        "HostPath",
        "Image",
        "InlineFiles",
        "Mount",
        "Nfs",
        "Projected",
        "SecretFiles",
        "ServiceAccountToken",
        "Volume",
    ),
    "model.workload": (
        "ClaimRetention",
        "CronJobSpec",
        "DaemonSetSpec",
        "DeploymentSpec",
        "JobSpec",
        "OnDelete",
        "PodSpec",
        "Recreate",
        "RollingUpdate",
        "StatefulSetSpec",
    ),
    "rendering.attachment": ("attached",),
    "rendering.workload": (
        "render",
        "selector_labels",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
