"""Security contexts of containers, and the profiles they share with the pod's.

Source: ValidateSecurityContext, validateSeccompProfileField and ValidateAppArmorProfileField in
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server.cause import invalid, not_supported, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import local_path, size
from initconstructs.rules.api_server.pod_context import PodContext
from initconstructs.rules.api_server.windows import windows_options

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_LARGEST_ID = 2**31 - 1
_ID_WRONG = "must be between 0 and 2147483647, inclusive"
_LONGEST_PROFILE = 4095


def container_security(context: Node, path: str, pod: PodContext) -> Problems:
    """A container's securityContext."""
    yield from user_id(context, path, ("runAsUser", "runAsGroup"))
    if "procMount" in context:
        yield from proc_mount(context["procMount"], f"{path}.procMount", pod)
    if "seccompProfile" in context:
        yield from seccomp_profile(context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        yield from privilege_escalation(context, path)
    if "windowsOptions" in context:
        yield from windows_options(context["windowsOptions"], f"{path}.windowsOptions")
    if "appArmorProfile" in context:
        yield from apparmor_profile(context["appArmorProfile"], f"{path}.appArmorProfile")


@rule("user-id", fix="Use ids from 0 to 2147483647.")
def user_id(context: Node, path: str, fields: tuple[str, ...]) -> Causes:
    """User and group ids fit the kernel.

    What: runAsUser, runAsGroup, fsGroup and supplementalGroups are from 0 to 2147483647.
    Why: these are the ids that Linux has for processes and files.
    Example: `runAsUser: -1`.
    Fix: `runAsUser: 65532`.
    Source: IsValidUserID and IsValidGroupID in apimachinery pkg/util/validation/validation.go
    """
    for field in fields:
        if not 0 <= context.get(field, 0) <= _LARGEST_ID:
            yield invalid(f"{path}.{field}", context[field], _ID_WRONG)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        if not 0 <= group <= _LARGEST_ID:
            yield invalid(f"{path}.supplementalGroups[{index}]", group, _ID_WRONG)


@rule("proc-mount", fix="Use Default, or Unmasked together with hostUsers: false on the pod.")
def proc_mount(value: str, path: str, pod: PodContext) -> Causes:
    """/proc is unmasked only in a user namespace.

    What: procMount is Default or Unmasked; Unmasked needs `hostUsers: false`.
    Why: an unmasked /proc shows and changes the node's settings to whoever is root there.
    Example: `procMount: Unmasked` in a pod without hostUsers.
    Fix: remove it, or set `hostUsers: false`.
    Source: ValidateProcMountType and ValidateSecurityContext in pkg/apis/core/validation/validation.go
    """
    if value not in {"Default", "Unmasked"}:
        yield not_supported(path, value, ("Default", "Unmasked"))
    if value == "Unmasked" and pod.host_users:
        yield invalid(path, value, "`hostUsers` must be false to use `Unmasked`")


@rule("seccomp-profile", fix="Use type RuntimeDefault, or Localhost with a relative localhostProfile.")
def seccomp_profile(profile: Node, path: str) -> Causes:
    """A seccomp profile has a known type, and a file where the type asks for one.

    What: type is RuntimeDefault, Unconfined or Localhost; localhostProfile goes with Localhost and is a relative path
    without `..`.
    Why: the kubelet looks the file up below its own seccomp directory.
    Example: `seccompProfile: {}`; `{type: Localhost}`.
    Fix: `seccompProfile: {type: RuntimeDefault}`.
    Source: validateSeccompProfileField in pkg/apis/core/validation/validation.go
    """
    kind = profile.get("type") or ""
    if not kind:
        yield required(f"{path}.type", "type is required when seccompProfile is set")
    elif kind not in _PROFILES:
        yield not_supported(f"{path}.type", kind, _PROFILES)
    at, file = f"{path}.localhostProfile", profile.get("localhostProfile")
    if kind != "Localhost":
        if file is not None:
            yield invalid(at, profile, "can only be set when seccomp type is Localhost")
    elif file is None:
        yield required(at, "must be set when seccomp type is Localhost")
    else:
        for complaint in local_path(file):
            yield invalid(at, file, complaint)


@rule("apparmor-profile", fix="Use type RuntimeDefault, or Localhost with the name of a loaded profile.")
def apparmor_profile(profile: Node, path: str) -> Causes:
    """An AppArmor profile has a known type, and a name where the type asks for one.

    What: type is RuntimeDefault, Unconfined or Localhost; localhostProfile goes with Localhost, has no space around it
    and at most 4095 bytes.
    Why: the name has to be that of a profile which is loaded on the node.
    Example: `appArmorProfile: {type: Localhost}`.
    Fix: `appArmorProfile: {type: RuntimeDefault}`.
    Source: ValidateAppArmorProfileField in pkg/apis/core/validation/validation.go
    """
    kind, name = profile.get("type") or "", profile.get("localhostProfile")
    if kind == "Localhost":
        yield from _apparmor_name(name, f"{path}.localhostProfile")
    elif not kind:
        yield required(f"{path}.type", "type is required when appArmorProfile is set")
    elif kind not in _PROFILES:
        yield not_supported(f"{path}.type", kind, _PROFILES)
    elif name is not None:
        yield invalid(f"{path}.localhostProfile", name, "can only be set when AppArmor type is Localhost")


def _apparmor_name(name: str | None, path: str) -> Causes:
    if not name:
        yield required(path, "must be set when AppArmor type is Localhost")
    elif name != name.strip():
        yield invalid(path, name, "must not be padded with whitespace")
    if name and size(name) > _LONGEST_PROFILE:
        yield too_long(path, _LONGEST_PROFILE)


@rule(
    "privilege-escalation",
    fix="Remove privileged: true and CAP_SYS_ADMIN, or allowPrivilegeEscalation: false.",
)
def privilege_escalation(context: Node, path: str) -> Causes:
    """What may not escalate its privileges doesn't have them all.

    What: `allowPrivilegeEscalation: false` stands neither with `privileged: true` nor with CAP_SYS_ADMIN.
    Why: both imply the escalation that the field forbids.
    Example: `{privileged: true, allowPrivilegeEscalation: false}`.
    Fix: remove `privileged: true`.
    Source: ValidateSecurityContext in pkg/apis/core/validation/validation.go
    """
    if context.get("privileged"):
        yield invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            yield invalid(path, context, detail)


RULES = (
    user_id.rule,
    proc_mount.rule,
    seccomp_profile.rule,
    apparmor_profile.rule,
    privilege_escalation.rule,
)
