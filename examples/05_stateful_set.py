"""A StatefulSet whose first stage prepares the claim that each replica gets."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import (
    Affinity,
    ClaimSpec,
    ClaimTemplate,
    Container,
    FieldRef,
    PodSecurityContext,
    Resources,
    Stage,
    TopologySpread,
)
from initconstructs.workloads import StatefulSet

IMAGE = "ghcr.io/acme/ledger:5.2.0"
MODEST = Resources(requests={"cpu": "200m", "memory": "512Mi"})


class Ledger(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="ledger")
        data = ClaimTemplate("data", ClaimSpec(size="20Gi", storage_class="fast"))
        restore = Stage(
            "restore",
            image=IMAGE,
            args=["restore", "--when-empty", "--to", "/data"],
            env={"REPLICA": FieldRef("metadata.name")},
            mounts=[data.at("/data")],
            resources=MODEST,
        )
        StatefulSet(
            self,
            "ledger",
            replicas=3,
            service_name="ledger",
            pod_management_policy="Parallel",
            stages=[restore],
            containers=[Container("ledger", image=IMAGE, ports=[7000], mounts=[data.at("/data")], resources=MODEST)],
            # The claim belongs to the app's group: no stage has to run chown as root.
            security=PodSecurityContext(run_as_user=1000, fs_group=1000, fs_group_change_policy="OnRootMismatch"),
            affinity=Affinity.apart("kubernetes.io/hostname"),
            topology_spread=[TopologySpread("topology.kubernetes.io/zone", when_unsatisfiable="ScheduleAnyway")],
            termination_grace_period="2m",
        )


def add_to(app: App) -> None:
    Ledger(app, "05-ledger")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
