"""Stages in front of a workload that cdk8s-plus made. All that is there stays; the app gets the hand-off."""

import cdk8s_plus_36 as kplus
from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Directory, Resources, Stage
from initconstructs.workloads import attach


class Website(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="web")
        website = kplus.Deployment(
            self,
            "website",
            replicas=2,
            containers=[
                kplus.ContainerProps(name="nginx", image="nginxinc/nginx-unprivileged:1.27.3", port_number=8080)
            ],
        )
        pages = Stage(
            "pages",
            image="ghcr.io/acme/pages:2026.11",
            args=["export", "/pages"],
            produces=[Directory("/pages")],
            resources=Resources(requests={"cpu": "50m", "memory": "64Mi"}),
        )
        attach(website, [pages], mounts={"nginx": [pages.output.at("/usr/share/nginx/html")]})


def add_to(app: App) -> None:
    Website(app, "08-website")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
