"""The shop's API: what its team writes."""

from acme_platform import LOGS, LOGS_READY, Service, acme_app
from cdk8s import App, Chart

from initconstructs import Directory, SecretKey, Stage

IMAGE = "ghcr.io/acme/shop:1.4.2"


def shop() -> App:
    app = acme_app()
    chart = Chart(app, "shop", namespace="shop")
    config = {"DATABASE_URL": SecretKey("shop-db", "url")}
    catalogue = Stage(
        "catalogue",
        image=IMAGE,
        command=["shop", "export-catalogue", "/catalogue"],
        env=config,
        mounts=[LOGS.at("/logs")],
        produces=[Directory("/catalogue")],
        after=[LOGS_READY],
    )
    handed_over = catalogue.output.at("/catalogue")
    Service(chart, "api", image=IMAGE, port=8000, config=config, stages=[catalogue], mounts=[handed_over])
    return app


if __name__ == "__main__":
    shop().synth()
