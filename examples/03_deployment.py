"""A Deployment that starts in three stages and hands a directory from one of them to the app."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, Directory, HttpGet, Probe, Resources, RollingUpdate, SecretKey, Stage
from initconstructs.workloads import Deployment

IMAGE = "ghcr.io/acme/shop:1.4.2"
SMALL = Resources(requests={"cpu": "50m", "memory": "64Mi"})


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="shop")
        settings_ok = Stage("check-settings", image=IMAGE, args=["check", "--settings"], resources=SMALL)
        assets = Stage(
            "assets",
            image=IMAGE,
            args=["collect-assets", "--to", "/assets"],
            produces=[Directory("/assets", size_limit="200Mi")],
            resources=SMALL,
        )
        warm = Stage(
            "warm-cache",
            image=IMAGE,
            args=["warm-cache", "--from", "/assets"],
            env={"CACHE_URL": SecretKey("shop-cache", "url")},
            mounts=[assets.output.at("/assets")],
            after=[settings_ok.completed],
            resources=SMALL,
        )
        Deployment(
            self,
            "api",
            replicas=3,
            strategy=RollingUpdate(max_surge=1, max_unavailable=0),
            stages=[settings_ok, assets, warm],
            containers=[
                Container(
                    "api",
                    image=IMAGE,
                    ports=[8000],
                    mounts=[assets.output.at("/srv/assets")],
                    readiness_probe=Probe(HttpGet("/healthz", port=8000)),
                    resources=Resources(requests={"cpu": "200m", "memory": "256Mi"}, limits={"memory": "256Mi"}),
                )
            ],
        )


def add_to(app: App) -> None:
    Shop(app, "03-shop")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
