"""Fetch secrets before the app starts: as it is often written, then made better.

In the first pod the script's result stays in the file system of the init container, which nobody else sees. In the
second the stage hands a directory in memory to the app, which reads it and can't write it.
"""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, Directory, Resources, Settings, Stage
from initconstructs.workloads import Pod

SMALL = Resources(requests={"cpu": "50m", "memory": "64Mi"})


class AsWritten(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        Pod(
            self,
            "pod",
            name="myapp-pod",
            stages=[Stage("fetch-secrets", image="busybox", command=["sh", "-c", "fetch-secrets-script.sh"])],
            containers=[Container("myapp-container", image="busybox", command=["sh", "-c", "use-secrets-script.sh"])],
            settings=Settings(profile="none"),
        )


class MadeBetter(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="shop")
        secrets = Stage(
            "fetch-secrets",
            image="ghcr.io/acme/fetch-secrets:2.1.0",
            args=["--role", "shop", "--to", "/secrets"],
            produces=[Directory("/secrets", memory=True, size_limit="1Mi")],
            resources=SMALL,
        )
        Pod(
            self,
            "pod",
            name="myapp-pod",
            stages=[secrets],
            containers=[
                Container(
                    "myapp-container",
                    image="ghcr.io/acme/myapp:1.4.2",
                    args=["--secrets", "/run/secrets/myapp"],
                    mounts=[secrets.output.at("/run/secrets/myapp")],
                    resources=SMALL,
                )
            ],
        )


def add_to(app: App) -> None:
    AsWritten(app, "02-secrets-as-written")
    MadeBetter(app, "02-secrets-made-better")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
