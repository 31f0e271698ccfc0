"""The stages that every service at Acme starts with."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from initconstructs import (
    EnvValue,
    Resources,
    SecurityContext,
    Sidecar,
    Stage,
    Step,
    Volume,
    healthy,
    inserted,
)
from initconstructs.presets import sidecars

CHECK_CONFIG = "check-config"
SHIP_LOGS = "ship-logs"

LOGS = Volume("logs")
"""Every `*.log` file in it reaches the log platform."""

LOGS_READY = healthy(SHIP_LOGS)
"""The edge for a stage of the app that writes logs: `after=[LOGS_READY]`."""

_FILES = files("acme_platform") / "files"
_SMALL = Resources(requests={"cpu": "10m", "memory": "32Mi"}, limits={"memory": "32Mi"})


def house_stages(stages: Sequence[Step], config: Mapping[str, EnvValue]) -> tuple[Step, ...]:
    """The app's stages with the house's in front: no other stage runs on a broken config, none before its logs do."""
    return inserted((check_config(config), *stages), ship_logs(), after=CHECK_CONFIG)


def check_config(config: Mapping[str, EnvValue]) -> Stage:
    """Fails, and names it, when a variable of the config is empty; never prints a value."""
    return Stage(
        CHECK_CONFIG,
        image="busybox:1.37.0",
        command=["sh", "-eu", "-c", (_FILES / "check-config.sh").read_text(), CHECK_CONFIG, *sorted(config)],
        env=config,
        resources=_SMALL,
        security=SecurityContext(run_as_user=65534),
    )


def ship_logs() -> Sidecar:
    """Sends what is in `LOGS` to the log platform, from before the app's first stage until after its end."""
    return sidecars.fluent_bit(
        (_FILES / "fluent-bit.yaml").read_text(),
        name=SHIP_LOGS,
        mounts=[LOGS.at("/logs", read_only=True)],
        startup="30s",
    )
