"""What a service mesh means for the stages: its proxy starts before them all, or they have no network through it.

The injectors put a native proxy before every other init container, and a classic one beside the app:
https://github.com/istio/istio/blob/master/pkg/kube/inject/webhook.go (`reorderPod`) and
https://linkerd.io/2/features/native-sidecars/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from initconstructs.manifests.pod_template import PodTemplate, child, pod_template
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import merged
from initconstructs.model.settings import Mesh, Settings
from initconstructs.model.stages import Step
from initconstructs.rendering.values import Fields


@frozen
class _Proxy:
    """How pods speak to the injector of one mesh.

    `native` are annotations that make the proxy a native sidecar, the one to set first; `excludes` those that let
    traffic past it; `off` what keeps it out of a pod; `user` who may always pass.
    """

    native: tuple[str, ...]
    excludes: tuple[str, ...]
    off: Mapping[str, str] = field(default_factory=dict)
    user: int

    def is_out_of(self, template: PodTemplate) -> bool:
        """Whether the pod has no proxy: it says so, or it has the network of its node."""
        said = {**child(template.metadata, "labels"), **child(template.metadata, "annotations")}
        return template.spec.get("hostNetwork") is True or any(
            said.get(key) == value for key, value in self.off.items()
        )


# https://istio.io/latest/docs/reference/config/annotations/ and
# https://istio.io/latest/docs/setup/additional-setup/cni/#compatibility-with-application-init-containers
_ISTIO = _Proxy(
    native=("sidecar.istio.io/nativeSidecar",),
    excludes=tuple(f"traffic.sidecar.istio.io/{name}" for name in ("excludeOutboundPorts", "excludeOutboundIPRanges")),
    off={"sidecar.istio.io/inject": "false"},
    user=1337,
)
# https://linkerd.io/2/reference/proxy-configuration/
_LINKERD = _Proxy(
    native=(
        "config.beta.linkerd.io/proxy-enable-native-sidecar",
        "config.alpha.linkerd.io/proxy-enable-native-sidecar",
    ),
    excludes=("config.linkerd.io/skip-outbound-ports", "config.linkerd.io/skip-subnets"),
    off={"linkerd.io/inject": "disabled"},
    user=2102,
)
_PROXIES: Mapping[Mesh, _Proxy] = {
    "istio": _ISTIO,
    "istio-native": _ISTIO,
    "linkerd": _LINKERD,
    "linkerd-native": _LINKERD,
}


def in_mesh(manifest: Fields, steps: Sequence[Step], settings: Settings) -> Fields:
    """The workload as its mesh needs it: with a native proxy, the annotation that asks for one.

    Raises `ModelError` for a stage that needs the network before a classic proxy runs, unless the pod lets its traffic
    past the proxy. What the pod's own annotations say goes before the settings.
    """
    proxy = _PROXIES.get(settings.mesh or "none")
    template = pod_template(manifest)
    if proxy is None or template is None or proxy.is_out_of(template):
        return manifest
    own = child(template.metadata, "annotations")
    asked = next((own[key] for key in proxy.native if key in own), None)
    if asked == "true" or (asked is None and str(settings.mesh).endswith("-native")):
        return merged(manifest, _annotated(template, proxy.native[0])) if asked is None else manifest
    if not any(own.get(key) for key in proxy.excludes):
        for step in steps:
            _check(step, proxy, template, str(settings.mesh).removesuffix("-native"))
    return manifest


def _annotated(template: PodTemplate, key: str) -> Fields:
    patch: Fields = {"metadata": {"annotations": {key: "true"}}}
    for step in reversed(template.path.split(".") if template.path else []):
        patch = {step: patch}
    return patch


def _check(step: Step, proxy: _Proxy, template: PodTemplate, mesh: str) -> None:
    of_the_pod = child(template.spec, "securityContext").get("runAsUser")
    user = step.security.run_as_user if step.security and step.security.run_as_user is not None else of_the_pod
    if not step.network or user == proxy.user:
        return
    raise ModelError(
        step.place,
        f"needs the network, and the sidecar of {mesh} starts after it, with the app: where the CNI plug-in redirects, "
        "the stage reaches nobody; elsewhere it goes around the mesh",
        f'take the native sidecar, Settings(mesh="{mesh}-native") or pod_annotations={{"{proxy.native[0]}": "true"}}; '
        f'or let its traffic past the sidecar, by pod_annotations={{"{proxy.excludes[0]}": "5432"}} say or as the '
        f"sidecar's user, SecurityContext(run_as_user={proxy.user})",
    )
