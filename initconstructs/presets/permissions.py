"""Give volumes to the app's user: `security=permissions.fs_group(1000)` of the workload, and no stage at all.

The kubelet changes the group of what is in a volume before any container starts, and with `OnRootMismatch` only if the
volume's directory is not right yet. That is `fs_group`, for the workload's `security=`; it needs no root. Some drivers
can't (NFS, hostPath, CSI drivers with `fsGroupPolicy: None`); for those there is a stage, `chown`.

* **What runs.** A static POSIX shell script in `images.BUSYBOX`; any image with `sh`, `find`, `chown`, `chmod` and
  `stat` does.
* **Privileges.** uid 0 with CHOWN to give files away and DAC_OVERRIDE to enter directories that are closed to it, and
  with FOWNER if `mode` is to be changed; all other capabilities are dropped and the root file system is read-only. Pod
  Security "baseline", which allows these; DAC_READ_SEARCH would do for the second, but baseline forbids it.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi.
* **Exit codes.** 0 all belongs to the user; 1 something can't be given away, as the last lines say; 2 wrong arguments;
  124 the deadline came (`timeout=`, 10 minutes unless said otherwise); 143 the pod was stopped.
* **Second run.** It finds the volume's directory right, which was changed last, and ends: on 100,000 files in
  a thirtieth of the time that `chown -R` takes, or less (`python -m benchmarks.ownership`).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.errors import ModelError
from initconstructs.model.security import Capabilities, PodSecurityContext, Profile, SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import Mount
from initconstructs.presets import images
from initconstructs.presets.configuring.tree import mode_word, steps
from initconstructs.presets.program import StageOptions
from initconstructs.presets.text import check_text

__all__ = ["ChownOptions", "Policy", "chown", "fs_group"]

Policy: TypeAlias = Literal["OnRootMismatch", "Always"]
"""Whether a look at the volume's directory is enough, as in `fsGroupChangePolicy`."""

TIMEOUT = "10m"


class ChownOptions(StageOptions, total=False):
    """What `chown` takes besides; `timeout` is the total deadline. The others are those of a `Stage`."""

    timeout: Duration


@ends_at_the_author
def fs_group(group: int, *, always: bool = False) -> PodSecurityContext:
    """The pod's part that gives its volumes to a group: `Deployment(..., security=permissions.fs_group(1000))`.

    `always` lets the kubelet look at every file at each start, not only at the volume's directory.

    Sources: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    checks.number("fs_group: group", group, 0, 2**31 - 1)
    checks.instance("fs_group: always", always, bool, "write always=True")
    return PodSecurityContext(fs_group=group, fs_group_change_policy="Always" if always else "OnRootMismatch")


@ends_at_the_author
def chown(
    *volumes: Mount,
    user: int,
    group: int | None = None,
    mode: int | None = None,
    policy: Policy = "OnRootMismatch",
    profile: Profile = "restricted",
    **options: Unpack[ChownOptions],
) -> Stage:
    """Give volumes to a user where fsGroup can't, as root, touching only what is not his yet.

        permissions.chown(data.at("/data"), user=999, profile="baseline")

    Under "restricted", the profile unless said otherwise, it is refused: try `fs_group` first. `group` is the user's
    number unless given. With `mode` files get it too, and whoever may read a directory may enter it. The policies mean
    what they mean for fsGroup: "OnRootMismatch" looks at the volume's directory alone, "Always" at every file. Symbolic
    links are given away themselves, and never followed; other mounts in the volume and `.snapshot` are left alone.

    Sources: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline, capabilities(7)
    """
    for each in volumes:
        checks.instance("chown: volumes", each, Mount, 'write data.at("/data")')
        check_text("chown: volumes", each.path)
        if each.read_only:
            raise ModelError(f'chown: volume at "{each.path}"', "is mounted read-only", "drop read_only=True")
    if not volumes:
        raise ModelError("chown: volumes", "are missing", 'write chown(data.at("/data"), ...)')
    owner, its_group = _id("user", user), _id("group", user if group is None else group)
    checks.choice("chown: policy", policy, ("OnRootMismatch", "Always"))
    word = "" if mode is None else mode_word("chown: mode", mode)
    seconds = checks.seconds("chown: timeout", options.get("timeout", TIMEOUT), 1)
    added = ["CHOWN", "DAC_OVERRIDE", *(["FOWNER"] if word else [])]
    security = SecurityContext(
        run_as_user=0,
        run_as_group=0,
        run_as_non_root=False,
        read_only_root_filesystem=True,
        allow_privilege_escalation=False,
        capabilities=Capabilities(add=added, drop=["ALL"]),
    )
    return steps("permissions", "chown").stage(
        Stage,
        "chown",
        [str(seconds), policy, owner, its_group, word, *(each.path for each in volumes)],
        options,
        image=images.BUSYBOX,
        security=security,
        mounts=volumes,
        profile=profile,
    )


def _id(what: str, number: int) -> str:
    checks.number(f"chown: {what}", number, 0, 2**31 - 1)
    return str(number)
