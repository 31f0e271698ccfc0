"""A stage writes environment variables, and the app takes two of them: `fileKeyRef`, from Kubernetes 1.35 on."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, EnvironmentFile, Resources, Stage
from initconstructs.workloads import Deployment

SMALL = Resources(requests={"cpu": "50m", "memory": "64Mi"})


class Mailer(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="mail")
        lease = Stage(
            "lease-credentials",
            image="ghcr.io/acme/lease:0.8.1",
            args=["--role", "mailer", "--env-file", "/lease/smtp.env"],
            produces=[EnvironmentFile("/lease/smtp.env")],
            resources=SMALL,
        )
        Deployment(
            self,
            "mailer",
            stages=[lease],
            containers=[
                Container(
                    "mailer",
                    image="ghcr.io/acme/mailer:2.3.0",
                    env={
                        "SMTP_USER": lease.environment.key("SMTP_USER"),
                        "SMTP_PASSWORD": lease.environment.key("SMTP_PASSWORD"),
                    },
                    resources=SMALL,
                )
            ],
        )


def add_to(app: App) -> None:
    Mailer(app, "07-mailer")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
