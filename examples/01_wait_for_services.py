"""Wait for two services before the app starts: as the Kubernetes documentation does it, then made better.

The first pod resolves each name for ever: without a deadline it hangs unseen, as root, in an image that is years old,
and each wait costs a container start. The second waits for both in one stage that gives up after five minutes and says
for what, under Pod Security "restricted".
"""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, FieldRef, InlineFiles, PodSecurityContext, Resources, Settings, Stage, Volume
from initconstructs.workloads import Pod

NAMESPACE = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)"


def wait_as_documented(service: str) -> Stage:
    loop = f"until nslookup {service}.{NAMESPACE}.svc.cluster.local; do echo waiting for {service}; sleep 2; done"
    return Stage(f"init-{service}", image="busybox:1.28", command=["sh", "-c", loop])


class AsDocumented(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        Pod(
            self,
            "pod",
            name="myapp-pod",
            stages=[wait_as_documented("myservice"), wait_as_documented("mydb")],
            containers=[
                Container(
                    "myapp-container",
                    image="busybox:1.28",
                    command=["sh", "-c", "echo The app is running! && sleep 3600"],
                )
            ],
            settings=Settings(profile="none"),
        )


WAIT_FOR_NAMES = """\
# Waits until every name given resolves; gives up after $TIMEOUT seconds in all, with exit code 1.
set -eu
end=$(($(date +%s) + TIMEOUT))
for name in "$@"; do
    until nslookup "$name.$NAMESPACE.svc.cluster.local" >/dev/null 2>&1; do
        if [ "$(date +%s)" -ge "$end" ]; then
            echo "gave up after $TIMEOUT s: $name does not resolve"
            exit 1
        fi
        sleep 1
    done
    echo "$name resolves"
done
"""


def wait_for_names(*services: str) -> Stage:
    scripts = Volume("wait-scripts", InlineFiles({"wait-for-names.sh": WAIT_FOR_NAMES}))
    return Stage(
        "wait",
        image="busybox:1.36.1",
        command=["sh", "/scripts/wait-for-names.sh", *services],
        env={"TIMEOUT": "300", "NAMESPACE": FieldRef("metadata.namespace")},
        mounts=[scripts.at("/scripts", read_only=True)],
        resources=Resources(requests={"cpu": "10m", "memory": "8Mi"}),
    )


class MadeBetter(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="shop")
        Pod(
            self,
            "pod",
            name="myapp-pod",
            stages=[wait_for_names("myservice", "mydb")],
            containers=[
                Container(
                    "myapp-container",
                    image="busybox:1.36.1",
                    command=["sh", "-c", "echo The app is running! && exec sleep 3600"],
                    resources=Resources(requests={"cpu": "10m", "memory": "8Mi"}),
                )
            ],
            security=PodSecurityContext(run_as_user=65534),  # the image's own user is root, which "restricted" refuses
        )


def add_to(app: App) -> None:
    AsDocumented(app, "01-wait-as-documented")
    MadeBetter(app, "01-wait-made-better")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
