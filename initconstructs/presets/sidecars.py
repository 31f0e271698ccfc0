"""Native sidecars around well-known programs: `sidecars.postgres_exporter(data_source=SecretKey("shop-db", "url"))`.

A log shipper, proxies and exporters of metrics, each with a startup probe that holds back the next stage until it
serves, so `after=[proxy.healthy]` means what it says. `fetching.vault_agent` is the one for secrets.

* **What runs.** The program of its publisher's image, pinned in `images`, with literal configuration from a ConfigMap.
* **Privileges.** Pod Security "restricted", user 65532, read-only root file system. Secrets come by the environment.
* **Resources.** Requests 10m CPU and 32Mi, limit 128Mi, unless `resources=` says otherwise.
* **Network.** `haproxy` resolves names when it starts and `cloud_sql_proxy` asks for credentials then; where these get
  no answer they end and hold back the pod, so both say that they need the network (`Settings(mesh=...)`). The others
  serve without it, and reach theirs when the mesh's proxy runs.
* **Start.** The startup probe asks every second for at most `startup` (a minute unless said otherwise), on the pod's
  IP; then the kubelet starts the sidecar anew. There is no liveness probe: the kubelet restarts what exits.
* **Stop.** Sidecars are stopped after all app containers have ended, the last one first, so an app can log, connect and
  be measured to its end. All share the pod's `termination_grace_period`: leave the app less than that. There is no
  preStop hook, since the kubelet runs those of sidecars at once, beside the app's; each program ends by its signal.
* **Exit codes.** The program's own. A sidecar that ends is restarted, whatever its code, and the app's is what counts.
* **Second run.** It starts again; nothing is kept but what a mounted volume holds.

Sources: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/,
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#termination-with-sidecars
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.containers import ContainerPort
from initconstructs.model.environment import EnvSource, EnvValue, FieldRef
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.probes import HttpGet, Probe
from initconstructs.model.resources import Resources
from initconstructs.model.stages import Sidecar
from initconstructs.model.volumes import InlineFiles, Mount, Volume
from initconstructs.presets import images
from initconstructs.presets.program import HOME, TELL_WHY, UNPRIVILEGED, StageOptions, literal, literals
from initconstructs.presets.text import check_open, check_text

__all__ = ["SidecarOptions", "cloud_sql_proxy", "fluent_bit", "haproxy", "postgres_exporter", "redis_exporter"]

STARTUP = "1m"
RESOURCES = Resources(requests={"cpu": "10m", "memory": "32Mi"}, limits={"memory": "128Mi"})

# Answers the probe on the pod's address alone; it is there as soon as all that the other file binds is.
_HAPROXY_HEALTH = """\
frontend initconstructs
    mode http
    timeout client 5s
    bind "${INITCONSTRUCTS_POD_IP}:%d"
    monitor-uri /healthz
"""
_INSTANCE = re.compile(r"[a-z0-9.:-]+:[a-z0-9-]+:[a-z0-9-]+")


class SidecarOptions(StageOptions, total=False):
    """What every sidecar takes besides its own parameters: `startup` is how long it may take until it serves.

    `env` adds variables, for secrets that its configuration names. The others are those of a `Sidecar`.
    """

    startup: Duration
    env: Mapping[str, EnvValue]


@ends_at_the_author
def fluent_bit(config: str, *, port: int = 2020, **options: Unpack[SidecarOptions]) -> Sidecar:
    """Ship logs with Fluent Bit: `config` is its YAML configuration.

        sidecars.fluent_bit(CONFIG, env={"TOKEN": SecretKey("loki", "token")}, mounts=[logs.at("/logs")])

    `${TOKEN}` in the configuration is Fluent Bit's own way to a variable. The app writes its files to a volume that
    `mounts` brings here too; positions (`db`) that are to survive a restart of the sidecar want one that is writable.
    `port` is of its HTTP server, which the probe asks and where /api/v1/metrics/prometheus is. Asked to stop, it sends
    what it has read, for at most 5 s (`grace` in its configuration).

    Sources: https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml,
    https://docs.fluentbit.io/manual/administration/monitoring
    """
    checks.port_number("fluent_bit: port", port)
    at, volume = _config("fluent_bit", options.get("name", "fluent-bit"), {"fluent-bit.yaml": config})
    return _sidecar(
        "fluent-bit",
        images.FLUENT_BIT,
        ["--config", f"{at}/fluent-bit.yaml", "--http", "--port", str(port)],
        options,
        probe=HttpGet("/", port=port),
        ports=[ContainerPort(port, name="metrics")],
        config=volume.at(at, read_only=True),
    )


@ends_at_the_author
def haproxy(config: str, *, health_port: int = 8404, **options: Unpack[SidecarOptions]) -> Sidecar:
    """Proxy connections with HAProxy: `config` is its configuration, without anything for health checks.

        sidecars.haproxy('listen db\\n mode tcp\\n bind 127.0.0.1:5432\\n server db db.example.org:5432')

    `"${PASSWORD}"` in the configuration is HAProxy's own way to a variable. The probe asks a frontend of ours on
    `health_port` of the pod's address, which serves once all is bound; whether the other end answers is a wait's
    affair. The image asks for SIGUSR1 to stop: connections that are open may end, and then it does. SIGTERM ends all at
    once; a master process (`-W`) hears it, which HAProxy alone, as process 1, does not.

    Sources: https://docs.haproxy.org/3.2/management.html#4, https://docs.haproxy.org/3.2/configuration.html#2.3
    """
    checks.port_number("haproxy: health_port", health_port)
    ended = f"{check_text('haproxy: config', config)}\n"  # a last line without its end is an error
    files = {"haproxy.cfg": ended, "health.cfg": _HAPROXY_HEALTH % health_port}
    at, volume = _config("haproxy", options.get("name", "haproxy"), files)
    return _sidecar(
        "haproxy",
        images.HAPROXY,
        ["-W", "-db", "-f", f"{at}/haproxy.cfg", "-f", f"{at}/health.cfg"],
        options,
        command=["haproxy"],
        probe=HttpGet("/healthz", port=health_port),
        config=volume.at(at, read_only=True),
        network=True,
        env={"INITCONSTRUCTS_POD_IP": FieldRef("status.podIP")},
    )


@ends_at_the_author
def cloud_sql_proxy(
    instance: str,
    *,
    port: int = 5432,
    private_ip: bool = True,
    health_port: int = 9801,
    **options: Unpack[SidecarOptions],
) -> Sidecar:
    """Connect to Cloud SQL at 127.0.0.1 with Google's proxy, as the pod's service account (Workload Identity).

        sidecars.cloud_sql_proxy("acme-prod:europe-west3:shop", port=5432)

    Asked to stop, it lets open connections end and exits 0.

    Sources: https://github.com/GoogleCloudPlatform/cloud-sql-proxy#readme (health checks, --exit-zero-on-sigterm)
    """
    if not _INSTANCE.fullmatch(check_text("cloud_sql_proxy: instance", instance)):
        raise wrong(
            "cloud_sql_proxy: instance", instance, "must be project:region:name", 'write "acme:europe-west3:db"'
        )
    checks.port_number("cloud_sql_proxy: port", port)
    checks.port_number("cloud_sql_proxy: health_port", health_port)
    words = ["--address=127.0.0.1", f"--port={port}", *(["--private-ip"] if private_ip else [])]
    words += ["--health-check", "--http-address=0.0.0.0", f"--http-port={health_port}"]
    words += ["--structured-logs", "--exit-zero-on-sigterm", instance]
    probe = HttpGet("/startup", port=health_port)
    return _sidecar("cloud-sql-proxy", images.CLOUD_SQL_PROXY, words, options, probe=probe, network=True)


@ends_at_the_author
def postgres_exporter(*, data_source: EnvValue, port: int = 9187, **options: Unpack[SidecarOptions]) -> Sidecar:
    """Offer the metrics of a PostgreSQL to Prometheus, at `/metrics`.

        sidecars.postgres_exporter(data_source=SecretKey("shop-db", "exporter-url"))

    `data_source` is a URL, `postgresql://user:password@localhost/shop?sslmode=disable` say, or a connection string; one
    with a password comes from a Secret. It serves whether or not the database does, which may come after it.

    Sources: https://github.com/prometheus-community/postgres_exporter#readme
    """
    if isinstance(data_source, str):
        check_open("postgres_exporter: data_source", data_source)
    env = {"DATA_SOURCE_NAME": data_source}
    return _exporter("postgres-exporter", images.POSTGRES_EXPORTER, options, path="/", port=port, env=env)


@ends_at_the_author
def redis_exporter(
    address: str = "redis://localhost:6379",
    *,
    password: EnvSource | None = None,
    port: int = 9121,
    **options: Unpack[SidecarOptions],
) -> Sidecar:
    """Offer the metrics of a Redis or Valkey to Prometheus, at `/metrics`.

        sidecars.redis_exporter("redis://localhost:6379", password=SecretKey("cache", "password"))

    It serves whether or not Redis does, which may come after it.

    Sources: https://github.com/oliver006/redis_exporter#readme
    """
    checks.text("redis_exporter: address", check_text("redis_exporter: address", address), 'write "redis://cache:6379"')
    if "@" in address:
        place = "redis_exporter: address"
        raise ModelError(place, "must hold no credentials, which everyone could read", "take password=SecretKey(...)")
    env: dict[str, EnvValue] = {"REDIS_ADDR": address}
    if password is not None:
        env["REDIS_PASSWORD"] = password
    return _exporter("redis-exporter", images.REDIS_EXPORTER, options, path="/health", port=port, env=env)


def _exporter(
    name: str, image: str, options: SidecarOptions, *, path: str, port: int, env: Mapping[str, EnvValue]
) -> Sidecar:
    checks.port_number(f"{name}: port", port)
    return _sidecar(
        name,
        image,
        [f"--web.listen-address=:{port}"],
        options,
        probe=HttpGet(path, port=port),
        ports=[ContainerPort(port, name="metrics")],
        env=env,
    )


def _config(preset: str, name: str, files: Mapping[str, str]) -> tuple[str, Volume]:
    """Where configuration is mounted, and the volume that holds it."""
    texts = {file: check_text(f"{preset}: config", text) for file, text in files.items()}
    return f"{HOME}/{name}", Volume(f"{name[:56]}-config", InlineFiles(texts))


def _sidecar(
    name: str,
    image: str,
    args: Sequence[str],
    options: SidecarOptions,
    *,
    probe: HttpGet,
    command: list[str] | None = None,
    ports: Sequence[ContainerPort] = (),
    config: Mount | None = None,
    env: Mapping[str, EnvValue] | None = None,
    network: bool = False,
) -> Sidecar:
    name = options.get("name", name)
    seconds = checks.seconds(f"{name}: startup", options.get("startup", STARTUP), 1)
    return Sidecar(
        name,
        image=options.get("image", image),
        command=command,
        args=[literal(each) for each in args],
        env=literals(f"{name}: env", {**(env or {}), **options.get("env", {})}),
        ports=ports,
        mounts=[*([config] if config else []), *options.get("mounts", ())],
        resources=options.get("resources", RESOURCES),
        security=options.get("security", UNPRIVILEGED),
        startup_probe=Probe(probe, period=1, failure_threshold=seconds),
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
        network=network,
    )
