"""What a profile adds to security contexts, and where it refuses."""

from __future__ import annotations

from initconstructs.model.containers import BaseContainer, Container, check_profile, unprivileged_way, without
from initconstructs.model.errors import ModelError
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import merged
from initconstructs.model.security import PodSecurityContext, Profile, SecurityContext, excess, is_stricter
from initconstructs.model.stages import BaseStage
from initconstructs.rendering.values import Fields, flat

_RUNTIME_DEFAULT = {"type": "RuntimeDefault"}


@frozen
class Hardening:
    """How the containers of one pod are filled in.

    `ceiling` is the level the pod must meet. `pod_non_root` and `pod_seccomp` tell what the pod's own context already
    says for all of them, so that it is not repeated in each. A Windows pod has no Linux fields.
    """

    ceiling: Profile
    pod_non_root: bool
    pod_seccomp: bool
    windows: bool = False

    def context(self, container: BaseContainer) -> Fields:
        """The container's security context, filled in by its profile."""
        profile = self._profile(container)
        security = container.security or SecurityContext()
        own = flat(security)
        if self.ceiling == "none" or profile == "none":
            return own
        filled = self._restricted() if profile == "restricted" else self._looser()
        return merged(_with_capabilities(filled, security), own)

    def _profile(self, container: BaseContainer) -> Profile:
        if isinstance(container, BaseStage):
            profile = container.profile
        else:
            assert isinstance(container, Container)
            profile = container.profile or self.ceiling
        if self.ceiling != "none" and is_stricter(self.ceiling, than=profile):
            way = without(excess(container.security, self.ceiling) if container.security else None)
            raise ModelError(
                f'{container.place}.profile is "{profile}":',
                f'the workload\'s settings allow no more than "{self.ceiling}"',
                f'{way}, or give Settings(profile="{profile}") to this workload',
            )
        if self.ceiling != "none":
            check_profile(container, profile)
        return profile

    def _restricted(self) -> Fields:
        filled: Fields = {} if self.windows else {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        if not self.pod_non_root:
            filled["runAsNonRoot"] = True
        if not self.pod_seccomp and not self.windows:
            filled["seccompProfile"] = dict(_RUNTIME_DEFAULT)
        return filled

    def _looser(self) -> Fields:
        return {"runAsNonRoot": False} if self.pod_non_root else {}


def _with_capabilities(filled: Fields, security: SecurityContext) -> Fields:
    if security.capabilities is not None and security.capabilities.drop is not None:
        return {key: each for key, each in filled.items() if key != "capabilities"}
    return filled


def pod_context(security: PodSecurityContext | None, hardening: Hardening) -> Fields:
    """The pod's own context: what all of its containers share is said here once."""
    own = _flat_pod_security(security or PodSecurityContext())
    if hardening.ceiling != "none":
        _check_pod(security or PodSecurityContext(), hardening.ceiling)
    shared: Fields = {"runAsNonRoot": True} if hardening.pod_non_root else {}
    if hardening.pod_seccomp and not hardening.windows:
        shared["seccompProfile"] = dict(_RUNTIME_DEFAULT)
    return merged(shared, own)


def _check_pod(security: PodSecurityContext, ceiling: Profile) -> None:
    asked = None
    if security.seccomp_profile is not None and security.seccomp_profile.type == "Unconfined":
        asked = None if ceiling == "privileged" else 'SeccompProfile("Unconfined")'
    elif ceiling == "restricted" and (security.run_as_user == 0 or security.run_as_non_root is False):
        asked = "run_as_user=0" if security.run_as_user == 0 else "run_as_non_root=False"
    if asked:
        raise ModelError(
            "PodSecurityContext", f'asks for {asked}, which Pod Security "{ceiling}" forbids', unprivileged_way(asked)
        )


def _flat_pod_security(security: PodSecurityContext) -> Fields:
    found = flat(security)
    if security.sysctls is not None:
        found["sysctls"] = [{"name": name, "value": value} for name, value in security.sysctls.items()]
    return found
