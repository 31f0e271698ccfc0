"""A native sidecar that must be healthy before the next stage starts.

The migration needs the database proxy. Kubernetes holds it back until the sidecar's startup probe has passed; a
readiness probe would hold back nothing. The proxy keeps running beside the app and stops after it.
"""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, HttpGet, Probe, Resources, SecretKey, Sidecar, Stage
from initconstructs.workloads import Deployment

IMAGE = "ghcr.io/acme/billing:3.0.1"
SMALL = Resources(requests={"cpu": "50m", "memory": "64Mi"})


class Billing(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="billing")
        proxy = Sidecar(
            "db-proxy",
            image="gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1",
            args=["--structured-logs", "--health-check", "--http-port=9801", "acme:europe-west1:billing"],
            startup_probe=Probe(HttpGet("/startup", port=9801), period="1s", failure_threshold=60),
            resources=SMALL,
        )
        migrate = Stage(
            "migrate",
            image=IMAGE,
            args=["migrate"],
            env={"DATABASE_URL": SecretKey("billing-db", "url")},
            after=[proxy.healthy],
            resources=SMALL,
        )
        Deployment(
            self,
            "billing",
            stages=[migrate, proxy],  # the edge moves the migration behind the proxy
            containers=[Container("billing", image=IMAGE, ports=[8080], resources=SMALL)],
        )


def add_to(app: App) -> None:
    Billing(app, "04-billing")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
