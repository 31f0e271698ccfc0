"""An app that waits for what it needs, fetches its secrets and migrates its database, in twenty lines of presets."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, HttpGet, Probe, Resources, SecretKey, SecurityContext
from initconstructs.presets import fetching, migrating, waiting
from initconstructs.workloads import Deployment

IMAGE = "ghcr.io/acme/shop:1.4.2"
APP_USER = SecurityContext(run_as_user=1000, run_as_group=1000)


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="shop")
        secrets = fetching.vault(role="shop", files={"db.json": "secret/data/shop/db"}, security=APP_USER)
        Deployment(
            self,
            "api",
            replicas=3,
            stages=[
                waiting.all_of(waiting.postgres("db"), waiting.redis("cache"), timeout="5m"),
                secrets,
                migrating.alembic(image=IMAGE, database_url=SecretKey("shop-db", "url")),
            ],
            containers=[
                Container(
                    "api",
                    image=IMAGE,
                    ports=[8000],
                    mounts=[secrets.output.at("/run/secrets/shop")],
                    readiness_probe=Probe(HttpGet("/healthz", port=8000)),
                    resources=Resources(requests={"cpu": "200m", "memory": "256Mi"}, limits={"memory": "256Mi"}),
                    security=APP_USER,
                )
            ],
        )


def add_to(app: App) -> None:
    Shop(app, "09-shop")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
