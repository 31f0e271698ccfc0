"""The construct that an app team uses: a Deployment with the house stages, and the Service in front of it."""

from collections.abc import Mapping, Sequence

from cdk8s import ApiObject, ApiObjectMetadata, JsonPatch
from constructs import Construct

from acme_platform.stages import LOGS, house_stages
from initconstructs import Container, ContainerPort, EnvValue, HttpGet, Mount, Probe, Resources, Step, TopologySpread
from initconstructs.workloads import Deployment


class Service(Construct):
    """A service at Acme: HTTP on `port`, healthy when `/healthz` says so, its logs under /logs.

    `config` is checked before anything starts, then becomes the app's environment. `stages` run after the house's own.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        image: str,
        port: int = 8080,
        replicas: int = 2,
        config: Mapping[str, EnvValue],
        stages: Sequence[Step] = (),
        mounts: Sequence[Mount] = (),
    ) -> None:
        super().__init__(scope, id)
        app = Container(
            id,
            image=image,
            env=config,
            ports=[ContainerPort(port, name="http")],
            mounts=[LOGS.at("/logs"), *mounts],
            readiness_probe=Probe(HttpGet("/healthz", port="http")),
            resources=Resources(requests={"cpu": "100m", "memory": "128Mi"}, limits={"memory": "128Mi"}),
        )
        self.deployment = Deployment(
            self,
            "deployment",
            name=id,
            replicas=replicas,
            stages=house_stages(stages, config),
            containers=[app],
            topology_spread=[TopologySpread("topology.kubernetes.io/zone", when_unsatisfiable="ScheduleAnyway")],
        )
        self.service = ApiObject(self, "service", api_version="v1", kind="Service", metadata=ApiObjectMetadata(name=id))
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        self.service.add_json_patch(
            JsonPatch.add("/spec", {"selector": self.deployment.selector, "ports": ports}),
        )
