"""Hazards of files: owners, modes, and what one stage hands to the next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initconstructs.manifests.pod_template import entries
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import Call
from initconstructs.rules.startup.stage import Stage, Workload

_rule = partial(rule, family="startup", severity=Severity.WARNING)

_WORLD_WRITABLE = frozenset(
    ["777", "0777", "1777", "a+rwx", "ugo+rwx", "a=rwx", "ugo=rwx", "o+w", "a+w", "666", "0666"]
)


@_rule(
    "recursive-chown",
    fix="Set fsGroup with fsGroupChangePolicy: OnRootMismatch, or chown only where the owner is wrong.",
)
def recursive_chown(workload: Workload) -> Places:
    """A stage changes the owner of every file each time the pod starts.

    What: `chown -R` or `chgrp -R` that no test of the owner and no marker file guards.
    Why: it touches every inode of the volume on every start, which takes minutes on a full one, needs root, and writes
    to disks and snapshots that had nothing to write. Seen in 61 of 76 recursive changes of 82 public repositories.
    Example: `chown -R 1000:1000 /data`
    Fix: `securityContext: {fsGroup: 1000, fsGroupChangePolicy: OnRootMismatch}`; where the driver can't,
    `find /data ! -user 1000 -exec chown 1000:1000 {} +`.
    Source: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/ (volume permission policy)
    """
    for stage in workload.init_stages:
        if any(_is_unguarded_chown(call) for call in stage.called("chown", "chgrp")):
            yield stage.command_path, f"{stage.name!r} changes the owner of every file at each start, needed or not"


def _is_unguarded_chown(call: Call) -> bool:
    return (
        call.has_option("R", "--recursive")
        and not any(option.startswith("--from") for option in call.arguments)
        and not any(_is_guard(test) for test in call.tests)
    )


def _is_guard(test: Call) -> bool:
    """A look at the owner or at a marker; that a directory exists says nothing of its owner."""
    if test.program in ("stat", "find", "ls", "grep"):
        return True
    if test.program not in ("[", "[[", "test"):
        return False
    return any(argument in ("-f", "-e", "-s", "-O", "-G", "!=", "=", "==", "-eq", "-ne") for argument in test.arguments)


@_rule("world-writable", fix="Give the files to the uid or gid that needs them (fsGroup), with mode 0770 or less.")
def world_writable(workload: Workload) -> Places:
    """A stage opens files to everyone.

    What: `chmod 777` and its like.
    Why: any process that gets into any container of the pod can replace what the app will run.
    Example: `chmod -R 777 /data`
    Fix: `securityContext: {fsGroup: 1000}`, or `chmod -R g+rwX` after giving the group.
    Source: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for stage in workload.init_stages:
        modes = [mode for call in stage.called("chmod") for mode in call.operands()[:1]]
        opened = [mode for mode in modes if mode in _WORLD_WRITABLE]
        if opened:
            yield stage.command_path, f"{stage.name!r} lets everyone write: chmod {opened[0]}"


@rule(
    "read-before-written",
    family="startup",
    severity=Severity.ERROR,
    fix="Move the stage that writes the volume in front of the stage that reads it.",
)
def read_before_written(workload: Workload) -> Places:
    """A stage reads a volume before the stage that fills it has run.

    What: an init container mounts an emptyDir read-only, no stage before it mounts it writable, and a later init
    container does.
    Why: init containers run one after the other, and an emptyDir starts empty: the reader never sees what is written.
    Example: `migrate` (config, readOnly) stands in front of `render-config` (config).
    Fix: put the writer first.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/ (they run in order)
    """
    scratch = {str(v.get("name")) for _, v in workload.template.entries("volumes") if v.get("emptyDir") is not None}
    for position, stage in enumerate(workload.stages):
        if stage.is_sidecar:
            continue
        for path, volume in _read_only(stage):
            written_before = any(volume in _writable(earlier) for earlier in workload.stages[:position])
            writer = next((later for later in workload.stages[position + 1 :] if volume in _writable(later)), None)
            if volume in scratch and writer and not written_before:
                yield path, f"{stage.name!r} reads volume {volume!r}, which {writer.name!r} fills only after it"


def _read_only(stage: Stage) -> Iterator[tuple[str, str]]:
    for path, mount in entries(stage.container, "volumeMounts", stage.path):
        if mount.get("readOnly") is True:
            yield path, str(mount.get("name"))


def _writable(stage: Stage) -> set[str]:
    mounts = [mount for _, mount in entries(stage.container, "volumeMounts", stage.path)]
    return {str(mount.get("name")) for mount in mounts if mount.get("readOnly") is not True}


CHECKS: tuple[Check[[Workload]], ...] = (recursive_chown, world_writable, read_before_written)
