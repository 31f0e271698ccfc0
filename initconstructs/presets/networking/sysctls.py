"""Kernel parameters that no field of the pod can set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.kubernetes import minor_of
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.presets import images
from initconstructs.presets.networking.change import TIMEOUT, change
from initconstructs.presets.program import StageOptions
from initconstructs.schemas.sysctls import is_safe

_NAME = re.compile(r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)+")
_VALUE = re.compile(r"[-+./:,%_a-zA-Z0-9]+([ \t][-+./:,%_a-zA-Z0-9]+)*")
_SECURITY = SecurityContext(run_as_user=0, run_as_group=0, read_only_root_filesystem=True, privileged=True)


@ends_at_the_author
def privileged_sysctls(
    values: Mapping[str, str | int],
    *,
    kubernetes: str = "1.36",
    timeout: Duration = TIMEOUT,
    **options: Unpack[StageOptions],
) -> Stage:
    """Set kernel parameters of the node, or those of the pod that its kubelet does not allow, from a privileged stage.

        networking.privileged_sysctls({"vm.max_map_count": 262144})

    Take `sysctls` wherever it will do: a privileged container is root on its node, and what it sets there stays after
    the pod and holds for every other pod. The container is privileged because /proc/sys is read-only in any other. All
    are looked up before the first is set, and each is read back; when one is refused, or the deadline comes, those
    before it get their old values again.

    Exit codes: 1 the kernel has no such parameter, or refused the value.

    Sources: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#setting-sysctls-for-a-pod
    """
    minor = minor_of(kubernetes)
    found = check_values("privileged_sysctls", values)
    for name in found:
        if is_safe(name, minor):
            rule = "needs no privileged container: every kubelet sets it"
            raise ModelError(f'privileged_sysctls: "{name}"', rule, "take PodSecurityContext(sysctls=sysctls(...))")
    seconds = checks.seconds("privileged_sysctls: timeout", timeout, 1)
    words = [str(seconds), *(word for item in found.items() for word in item)]
    return change("sysctl").stage(
        Stage, "sysctl", words, options, image=images.BUSYBOX, security=_SECURITY, profile="privileged"
    )


def check_values(place: str, values: Mapping[str, str | int]) -> Mapping[str, str]:
    """Names and values as text, at least one."""
    found = {name: str(value) for name, value in checks.mapping(place, values).items()}
    if not found:
        raise ModelError(place, "names no parameter", 'give {"net.core.somaxconn": 4096}, say')
    for name, value in found.items():
        if not _NAME.fullmatch(name):
            raise wrong(place, name, "must be a name of words with dots between", 'write "net.core.somaxconn", say')
        if not _VALUE.fullmatch(value):
            raise wrong(f'{place}["{name}"]', value, "must be numbers or words with one space between", "correct it")
    return found
