"""The fields that an API server takes and forgets while their feature gate is off.

Source: the dropDisabled functions of pkg/api/pod/util.go and of pkg/registry/*/strategy.go, Kubernetes 1.30 to 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from initconstructs.rules.api_server.target import Target

CORE = "io.k8s.api.core.v1"
RESTART_RULES = f"{CORE}.Container.restartPolicyRules"
IMAGE_VOLUME = f"{CORE}.Volume.image"
STOP_SIGNAL = f"{CORE}.Lifecycle.stopSignal"
SOURCE_NAMESPACE = f"{CORE}.TypedObjectReference.namespace"

GATED: Mapping[str, tuple[str, ...]] = {
    "ClusterTrustBundleProjection": (f"{CORE}.VolumeProjection.clusterTrustBundle",),
    "ContainerRestartRules": (RESTART_RULES,),
    "ContainerStopSignals": (STOP_SIGNAL,),
    "CrossNamespaceVolumeDataSource": (SOURCE_NAMESPACE,),
    "DynamicResourceAllocation": (f"{CORE}.PodSpec.resourceClaims", f"{CORE}.ResourceRequirements.claims"),
    "EnvFiles": (f"{CORE}.EnvVarSource.fileKeyRef",),
    "GenericWorkload": (f"{CORE}.PodSpec.schedulingGroup", f"{CORE}.PodSpec.workloadRef"),
    "HPAConfigurableTolerance": ("io.k8s.api.autoscaling.v2.HPAScalingRules.tolerance",),
    "HostnameOverride": (f"{CORE}.PodSpec.hostnameOverride",),
    "ImageVolume": (IMAGE_VOLUME,),
    "InPlacePodVerticalScaling": (f"{CORE}.Container.resizePolicy",),
    "JobManagedBy": ("io.k8s.api.batch.v1.JobSpec.managedBy",),
    "JobSuccessPolicy": ("io.k8s.api.batch.v1.JobSpec.successPolicy",),
    "MatchLabelKeysInPodAffinity": (
        f"{CORE}.PodAffinityTerm.matchLabelKeys",
        f"{CORE}.PodAffinityTerm.mismatchLabelKeys",
    ),
    "MaxUnavailableStatefulSet": ("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy.maxUnavailable",),
    "PodCertificateRequest": (f"{CORE}.VolumeProjection.podCertificate",),
    "PodLevelResources": (f"{CORE}.PodSpec.resources",),
    "ProcMountType": (f"{CORE}.SecurityContext.procMount",),
    "RecursiveReadOnlyMounts": (f"{CORE}.VolumeMount.recursiveReadOnly",),
    "SELinuxChangePolicy": (f"{CORE}.PodSecurityContext.seLinuxChangePolicy",),
    "ServiceTrafficDistribution": (f"{CORE}.ServiceSpec.trafficDistribution",),
    "SupplementalGroupsPolicy": (f"{CORE}.PodSecurityContext.supplementalGroupsPolicy",),
    "UserNamespacesSupport": (f"{CORE}.PodSpec.hostUsers",),
    "VolumeAttributesClass": (f"{CORE}.PersistentVolumeClaimSpec.volumeAttributesClassName",),
}

FORGETS_RESTART_POLICIES = 34
"""The minor that knows a container's own restart policy and, its gate being off, forgets all but a sidecar's."""

GATE_OF: Mapping[str, str] = {place: gate for gate, places in GATED.items() for place in places}


@cache
def ignored(target: Target, kind: str) -> Mapping[str, frozenset[str]]:
    """By definition, the fields that the target's server forgets; claims inside other objects keep theirs."""
    fields: dict[str, set[str]] = {}
    for place, gate in GATE_OF.items():
        if not target.enabled(gate) and (place != SOURCE_NAMESPACE or kind == f"{CORE}.PersistentVolumeClaim"):
            definition, _, name = place.rpartition(".")
            fields.setdefault(definition, set()).add(name)
    return {definition: frozenset(names) for definition, names in fields.items()}
