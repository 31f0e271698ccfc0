"""Small pods for tests, built like the recorded ones."""

from __future__ import annotations

from initconstructs.planning.scenario import Event, ExitCode, Scenario
from initconstructs.planning.simulate import Outcome, simulate
from initconstructs.planning.simulation import Simulation

Manifest = dict[str, object]
RUNS_ON = "trap 'exit 0' TERM; while :; do sleep 0.2; done"


def container(name: str, command: str = "sleep 2; exit 0", **fields: object) -> Manifest:
    """A container that runs a shell command."""
    return {"name": name, "image": "busybox:1.36", "command": ["sh", "-c", command], **fields}


def sidecar(name: str, command: str = RUNS_ON, **fields: object) -> Manifest:
    """An init container that keeps running."""
    return container(name, command, restartPolicy="Always", **fields)


def pod(*init: Manifest, apps: tuple[Manifest, ...] = (), policy: str = "Always", **spec: object) -> Manifest:
    """A pod of these init containers and one app that runs on, unless others are given."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "restartPolicy": policy,
            "terminationGracePeriodSeconds": 2,
            "initContainers": list(init),
            "containers": list(apps or (container("main", "sleep 3600"),)),
            **spec,
        },
    }


def job(*init: Manifest, policy: str = "Never", app: str = "sleep 2; exit 0", **spec: object) -> Manifest:
    """A Job whose app is called main."""
    template = pod(*init, apps=(container("main", app),), policy=policy)["spec"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": {"spec": template}, **spec},
    }


def outcome(manifest: Manifest, *events: Event, kubernetes: str = "1.36", **exits: tuple[ExitCode, ...]) -> Outcome:
    """Simulate with these exit codes by container."""
    found = simulate(manifest, Scenario(exits=exits, events=events), kubernetes=kubernetes)
    assert found is not None
    return found


def run(manifest: Manifest, *events: Event, kubernetes: str = "1.36", **exits: tuple[ExitCode, ...]) -> Simulation:
    """Simulate one pod."""
    return outcome(manifest, *events, kubernetes=kubernetes, **exits).pod
