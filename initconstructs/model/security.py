"""Security contexts, and the Pod Security level that fills and bounds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Words
from initconstructs.model.frozen import frozen
from initconstructs.model.raw import Raw, raw_fields
from initconstructs.schemas.capabilities import ADDABLE_AT_BASELINE, ADDABLE_AT_RESTRICTED

Profile: TypeAlias = Literal["restricted", "baseline", "privileged", "none"]
"""A Pod Security level, strictest first; "none" adds nothing and checks nothing."""

PROFILES: tuple[Profile, ...] = ("restricted", "baseline", "privileged", "none")


@frozen
class Capabilities:
    """Linux capabilities to add to, and drop from, what the runtime grants."""

    add: Words | None = None
    drop: Words | None = None

    def __post_init__(self) -> None:
        for name in ("add", "drop"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, checks.words(f"Capabilities.{name}", value))


@frozen
class SeccompProfile:
    """`SeccompProfile("RuntimeDefault")`, or `SeccompProfile("Localhost", localhost_profile="profiles/app.json")`."""

    type: Literal["RuntimeDefault", "Localhost", "Unconfined"] = field(kw_only=False)
    localhost_profile: str | None = None

    def __post_init__(self) -> None:
        checks.choice("SeccompProfile.type", self.type, ("RuntimeDefault", "Localhost", "Unconfined"))


@frozen
class SecurityContext:
    """One container's rights. What is left out is filled in by the container's profile."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None
    capabilities: Capabilities | None = None
    seccomp_profile: SeccompProfile | None = None
    raw: Raw = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ids("SecurityContext", self.run_as_user, self.run_as_group)
        checks.instances("SecurityContext", self, {"capabilities": Capabilities, "seccomp_profile": SeccompProfile})
        object.__setattr__(self, "raw", raw_fields("SecurityContext.raw", self.raw, "core.v1.SecurityContext"))


@frozen
class PodSecurityContext:
    """Rights that all containers of a pod share."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    fs_group: int | None = None
    fs_group_change_policy: Literal["OnRootMismatch", "Always"] | None = None
    supplemental_groups: tuple[int, ...] | list[int] | None = None
    seccomp_profile: SeccompProfile | None = None
    sysctls: Mapping[str, str] | None = None
    raw: Raw = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ids("PodSecurityContext", self.run_as_user, self.run_as_group, self.fs_group)
        checks.instances("PodSecurityContext", self, {"seccomp_profile": SeccompProfile})
        if self.supplemental_groups is not None:
            place = "PodSecurityContext.supplemental_groups"
            groups = checks.items(place, self.supplemental_groups, int, "list group ids")
            _ids("PodSecurityContext", *groups)
            object.__setattr__(self, "supplemental_groups", groups)
        if self.fs_group_change_policy is not None:
            checks.choice(
                "PodSecurityContext.fs_group_change_policy", self.fs_group_change_policy, ("OnRootMismatch", "Always")
            )
        if self.sysctls is not None:
            object.__setattr__(self, "sysctls", checks.strings("PodSecurityContext.sysctls", self.sysctls))
        raw = raw_fields("PodSecurityContext.raw", self.raw, "core.v1.PodSecurityContext")
        object.__setattr__(self, "raw", raw)


def _ids(place: str, *ids: int | None) -> None:
    for each in ids:
        if each is not None:
            checks.number(f"{place}: a user or group id", each, 0, 2**31 - 1)


def is_stricter(profile: Profile, than: Profile) -> bool:
    """Whether `profile` allows less than the other."""
    return PROFILES.index(profile) < PROFILES.index(than)


def excess(security: SecurityContext, profile: Profile) -> str | None:
    """What the context asks for that the profile forbids, in words; None when it stays inside."""
    asked = _beyond_baseline(security) if profile in ("restricted", "baseline") else None
    return asked or (_beyond_restricted(security) if profile == "restricted" else None)


def _beyond_baseline(security: SecurityContext) -> str | None:
    if security.privileged:
        return "privileged=True"
    extra = sorted(set(_added(security)) - ADDABLE_AT_BASELINE)
    if extra:
        return f"capability {extra[0]}"
    if security.seccomp_profile is not None and security.seccomp_profile.type == "Unconfined":
        return 'SeccompProfile("Unconfined")'
    return None


def _beyond_restricted(security: SecurityContext) -> str | None:
    if security.run_as_user == 0:
        return "run_as_user=0"
    if security.run_as_non_root is False:
        return "run_as_non_root=False"
    if security.allow_privilege_escalation:
        return "allow_privilege_escalation=True"
    extra = sorted(set(_added(security)) - ADDABLE_AT_RESTRICTED)
    if extra:
        return f"capability {extra[0]}"
    drop = security.capabilities.drop if security.capabilities else None
    return "capabilities that are not all dropped" if drop is not None and "ALL" not in drop else None


def _added(security: SecurityContext) -> Words:
    return (security.capabilities.add if security.capabilities else None) or ()
