"""Hold the examples and every preset against a real cluster: `make test-cluster`.

1. All of them are sent as a server-side dry run with strict field validation. The server must accept what our rules
   accept for its version, and refuse what they refuse. Presets are sent to a namespace that enforces the Pod Security
   level they claim, and must bring no warning.
2. The examples whose images anyone can pull are applied, and each stage must pass in its order.

The namespaces that this needs are made and removed. Without a kubeconfig it says so and exits 0.
Exit code 1: something is not as it should be; 2: the cluster can't be asked, one line says why.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import presets_doc
from cluster import Client, UnusableError, load
from record_verdicts import DRY_RUN, Paths, collections

from initconstructs import ModelError, Settings
from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.pytest_plugin import Synthesizer
from initconstructs.rules import check
from initconstructs.schemas import NEWEST, OLDEST

ROOT = Path(__file__).parents[1]
LEVELS = ("privileged", "baseline", "restricted")
APPLIED = {"01-wait-as-documented": ("myservice", "mydb"), "01-wait-made-better": ("myservice", "mydb")}
"""The examples of public images that need nothing but these Services."""

Manifest = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Manifests that belong together, and the Pod Security level that they claim."""

    name: str
    manifests: Sequence[Manifest]
    level: str = "privileged"


class Cluster:
    """A server, and the namespaces that are made in it for this run."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._paths: Paths = collections(client)
        minor = int("".join(filter(str.isdigit, str(client.request("GET", "/version").body["minor"]))))
        self.version = f"1.{min(max(minor, OLDEST), NEWEST)}"

    @contextmanager
    def namespace(self, level: str) -> Iterator[str]:
        """A namespace that enforces the level, gone afterwards."""
        name = f"initconstructs-{level}-{secrets.token_hex(4)}"
        labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
        made = self.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        if not made.accepted:
            raise UnusableError(f"no namespace can be made: {made.message}")
        try:
            # Pods are refused until a controller has made this one, so we don't wait for it.
            self.client.request("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
            yield name
        finally:
            self.client.request("DELETE", f"/api/v1/namespaces/{name}")

    def send(self, manifest: Manifest, namespace: str, query: str) -> tuple[str, list[str]]:
        """Why the server refuses the object, empty when it doesn't, and its warnings."""
        path = self._paths.get((str(manifest["apiVersion"]), str(manifest["kind"])))
        if path is None:
            return f"the server doesn't know {manifest['apiVersion']} {manifest['kind']}", []
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
        answer = self.client.request("POST", path.format(namespace) + query, {**manifest, "metadata": metadata})
        return ("" if answer.accepted else answer.message or f"code {answer.code}"), answer.warnings


def examples() -> list[Case]:
    """What `python -m examples` synthesizes, a case a chart."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CDK8S_OUTDIR": folder}
        subprocess.run([sys.executable, "-m", "examples"], cwd=ROOT, env=environment, check=True)
        files = sorted(Path(folder).iterdir())
        return [Case(name=each.name.removesuffix(".k8s.yaml"), manifests=_read(each)) for each in files]


def _read(path: Path) -> list[Manifest]:
    return [document.manifest for document in load_yaml(path.read_bytes(), file=str(path))]


def presets(version: str) -> Iterator[Case]:
    """The catalogue's example of every preset, in front of an app."""
    for family in presets_doc.families():
        for function, entry in presets_doc.entries(family).items():
            settings = Settings(profile=entry.profile, kubernetes=version)
            mounts = [entry.reader] if entry.reader else []
            name = f"{family}.{function}"
            try:
                manifests = Synthesizer()(entry.step, settings=settings, mounts=mounts)
            except ModelError as error:
                print(f"skipped {name}: {error}")
            else:
                yield Case(name=name, manifests=manifests, level=entry.profile)


def dry_run(cluster: Cluster, cases: Sequence[Case], namespaces: Mapping[str, str]) -> list[str]:
    """What the server says otherwise than our rules."""
    problems = []
    for case in cases:
        for manifest in case.manifests:
            refusal, warnings = cluster.send(manifest, namespaces[case.level], DRY_RUN)
            about = f"{case.name}: {manifest['kind']} {manifest['metadata'].get('name')}"
            problems += [f"{about}: {each}" for each in _disagreement(manifest, refusal, cluster.version)]
            if case.level != "privileged":
                problems += [f"{about}: warning: {each}" for each in warnings]
    return problems


def _disagreement(manifest: Manifest, refusal: str, version: str) -> Iterator[str]:
    ours = [each for each in check([manifest], kubernetes=version, select=["api-server"]) if each.severity == "error"]
    if refusal and not ours:
        yield f"refused, which no rule said: {refusal}"
    if ours and not refusal:
        yield f"accepted, though {ours[0].rule} says: {ours[0].message}"


def apply(cluster: Cluster, case: Case, patience: float) -> list[str]:
    """Create the case and watch its pods until every stage has passed, or `patience` seconds are over."""
    services = [_service(name) for name in APPLIED[case.name]]
    with cluster.namespace("privileged") as namespace:
        for manifest in (*services, *case.manifests):
            refusal, _ = cluster.send(manifest, namespace, "?fieldValidation=Strict")
            if refusal:
                return [f"{case.name}: {refusal}"]
        return [f"{case.name}: {each}" for each in _watch(cluster, namespace, case.name, patience)]


def _service(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}


def _watch(cluster: Cluster, namespace: str, name: str, patience: float) -> list[str]:
    """What went wrong; each stage is told of when it passes."""
    begun, told = time.monotonic(), set[str]()
    while True:
        pods = cluster.client.request("GET", f"/api/v1/namespaces/{namespace}/pods").body.get("items") or []
        for stage in (stage for pod in pods for stage in passed(pod)):
            if stage not in told:
                told.add(stage)
                print(f"{name}: {stage} passed after {time.monotonic() - begun:.0f} s")
        if pods and all(is_started(pod) for pod in pods):
            return [problem for pod in pods for problem in out_of_order(pod)]
        if time.monotonic() - begun > patience:
            return [state(pod) for pod in pods] or ["no pod was made"]
        time.sleep(1)


def passed(pod: Manifest) -> list[str]:
    """The stages that have ended well, or, of those that stay, have started."""
    return [each["name"] for each in _stages(pod) if _has_passed(each)]


def is_started(pod: Manifest) -> bool:
    """Whether all stages have passed and all containers run."""
    apps = pod.get("status", {}).get("containerStatuses", [])
    return bool(apps) and all("running" in each.get("state", {}) for each in apps)


def out_of_order(pod: Manifest) -> list[str]:
    """Stages that started before the one before them had ended; times of the kubelet are whole seconds."""
    ended, problems = "", []
    for stage in _stages(pod):
        own = stage["state"].get("terminated") or stage["state"].get("running") or {}
        if own.get("startedAt", "") < ended:
            problems.append(f"{stage['name']} started at {own['startedAt']}, before {ended}")
        ended = own.get("finishedAt") or ended
    names, wanted = [each["name"] for each in _stages(pod)], [each["name"] for each in pod["spec"]["initContainers"]]
    return problems if names == wanted else [*problems, f"the stages are {names}, not {wanted}"]


def state(pod: Manifest) -> str:
    """How far a pod has come: what each of its containers does."""
    status = pod.get("status", {})
    containers = [*_stages(pod), *status.get("containerStatuses", [])]
    return "; ".join(
        [f"pod is {status.get('phase')}", *(f"{each['name']}: {each.get('state')}" for each in containers)]
    )


def _stages(pod: Manifest) -> list[Manifest]:
    found: list[Manifest] = pod.get("status", {}).get("initContainerStatuses", [])
    return found


def _has_passed(status: Manifest) -> bool:
    ended = status.get("state", {}).get("terminated")
    return ended["exitCode"] == 0 if ended else status.get("started") is True and "running" in status["state"]


def run(cluster: Cluster, patience: float) -> list[str]:
    """Both parts; what is not as it should be."""
    charts = examples()
    cases = [*charts, *presets(cluster.version)]
    with _of_every_level(cluster) as namespaces:
        problems = dry_run(cluster, cases, namespaces)
    print(f"dry run of {len(cases)} examples and presets against Kubernetes {cluster.version}")
    for case in charts:
        if case.name in APPLIED:
            problems += apply(cluster, case, patience)
    return problems


@contextmanager
def _of_every_level(cluster: Cluster) -> Iterator[dict[str, str]]:
    privileged, baseline, restricted = LEVELS
    with (
        cluster.namespace(privileged) as first,
        cluster.namespace(baseline) as second,
        cluster.namespace(restricted) as third,
    ):
        yield {privileged: first, baseline: second, restricted: third}


def kubeconfig() -> Path | None:
    """The first file of KUBECONFIG, or kubectl's own; None where there is none."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    candidates = [Path(each) for each in named if each] or [Path("~/.kube/config").expanduser()]
    return next((each for each in candidates if each.is_file()), None)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--context", help="of the kubeconfig, instead of the current one")
    parser.add_argument("--patience", type=float, default=240, help="seconds for each applied example (default: 240)")
    options = parser.parse_args()
    path = kubeconfig()
    if path is None:
        print("no cluster: set KUBECONFIG, or make one with `kind create cluster`; nothing was tested")
        return 0
    try:
        with closing(Client(load(path, options.context))) as client:
            problems = run(Cluster(client), options.patience)
    except UnusableError as error:
        print(f"cluster_test: {error}", file=sys.stderr)
        return 2
    print("\n".join([*problems, f"{len(problems)} problems" if problems else "all as it should be"]))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
