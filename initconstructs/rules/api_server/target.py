"""The Kubernetes minor that a manifest is meant for, and what its API server has switched on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from initconstructs.schemas import NEWEST, minor_of

_NEVER = NEWEST + 1

# The first minor whose API server has the gate on by default.
# Source: pkg/features/kube_features.go of Kubernetes 1.30 to 1.36.
ON_SINCE = {
    "ClusterTrustBundleProjection": _NEVER,
    "ContainerRestartRules": 35,
    "ContainerStopSignals": _NEVER,
    "CrossNamespaceVolumeDataSource": _NEVER,
    "DynamicResourceAllocation": 34,
    "EnvFiles": 35,
    "GangScheduling": _NEVER,
    "GenericWorkload": _NEVER,
    "HPAConfigurableTolerance": 35,
    "HPAScaleToZero": _NEVER,
    "HostnameOverride": 35,
    "ImageVolume": 35,
    "InPlacePodVerticalScaling": 33,
    "InPlacePodVerticalScalingInitContainers": 36,
    "JobManagedBy": 32,
    "JobSuccessPolicy": 31,
    "MatchLabelKeysInPodAffinity": 31,
    "MatchLabelKeysInPodTopologySpreadSelectorMerge": 34,
    "MaxUnavailableStatefulSet": _NEVER,
    "PodCertificateRequest": _NEVER,
    "PodLevelResources": 34,
    "PodLifecycleSleepActionAllowZero": 33,
    "PreferSameTrafficDistribution": 34,
    "ProcMountType": 33,
    "RecoverVolumeExpansionFailure": 32,
    "RecursiveReadOnlyMounts": 31,
    "RelaxedDNSSearchValidation": 33,
    "RelaxedEnvironmentVariableValidation": 32,
    "RelaxedServiceNameValidation": 36,
    "RestartAllContainersOnContainerExits": 36,
    "SELinuxChangePolicy": 33,
    "SELinuxMount": _NEVER,
    "ServiceTrafficDistribution": 31,
    "StrictIPCIDRValidation": 36,
    "SupplementalGroupsPolicy": 33,
    "TaintTolerationComparisonOperators": _NEVER,
    "UserNamespacesHostNetworkSupport": _NEVER,
    "UserNamespacesSupport": 33,
    "VolumeAttributesClass": 34,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One minor of Kubernetes 1.x with the default feature gates."""

    minor: int

    def enabled(self, gate: str) -> bool:
        """Whether the API server of this minor has the feature gate on."""
        return self.minor >= ON_SINCE[gate]


@cache
def target(kubernetes: str) -> Target:
    """The target that a version such as "1.36" names; a ValueError for what we can't speak for."""
    return Target(minor_of(kubernetes))
