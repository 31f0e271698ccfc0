"""A CronJob: a stage fetches what the report is made of, under a deadline for the whole run."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, Directory, Resources, Stage
from initconstructs.workloads import CronJob

IMAGE = "ghcr.io/acme/reports:1.9.3"
MODEST = Resources(requests={"cpu": "500m", "memory": "512Mi"})


class Reports(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="reports")
        fetch = Stage(
            "fetch",
            image=IMAGE,
            args=["fetch", "--to", "/input"],
            produces=[Directory("/input", size_limit="2Gi")],
            resources=MODEST,
        )
        CronJob(
            self,
            "daily",
            schedule="15 4 * * *",
            time_zone="Europe/Berlin",
            concurrency_policy="Forbid",
            starting_deadline="1h",
            backoff_limit=2,
            active_deadline="45m",
            ttl_after_finished=86_400,
            stages=[fetch],
            containers=[
                Container(
                    "report",
                    image=IMAGE,
                    args=["report", "--from", "/input"],
                    mounts=[fetch.output.at("/input")],
                    resources=MODEST,
                )
            ],
        )


def add_to(app: App) -> None:
    Reports(app, "06-reports")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
