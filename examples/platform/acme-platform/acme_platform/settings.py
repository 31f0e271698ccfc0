"""The house rules, given once and inherited by everything in an app."""

from cdk8s import App

from initconstructs import ImagePolicy, Settings
from initconstructs.workloads import configure

SETTINGS = Settings(
    kubernetes="1.36",
    profile="restricted",
    images=ImagePolicy(
        mirrors={"docker.io/": "mirror.acme.example/hub/", "ghcr.io/": "mirror.acme.example/ghcr/"},
        pull_secrets=["acme-mirror"],
    ),
)


def acme_app() -> App:
    """An app under the house rules; a chart may still override them with `configure`."""
    app = App()
    configure(app, SETTINGS)
    return app
