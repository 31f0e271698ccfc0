"""The cdk8s door: workloads as constructs, each one ApiObject with what belongs to it below.

This package alone imports cdk8s, which starts a Node process; everything else is pure.
"""

from initconstructs.workloads.attachment import attach
from initconstructs.workloads.gate import acknowledge, check_at_synth
from initconstructs.workloads.kinds import CronJob, DaemonSet, Deployment, Job, Pod, StatefulSet, Workload
from initconstructs.workloads.scopes import configure, settings_of

__all__ = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "StatefulSet",
    "Workload",
    "acknowledge",
    "attach",
    "check_at_synth",
    "configure",
    "settings_of",
]
