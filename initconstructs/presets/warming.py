"""Warm caches before traffic comes: `warming.http({"rates.json": "https://rates/api/today"}, budget="30s")`.

A cache helps, and rarely is worth an outage. So each of these has a time budget (`budget=`, one minute for what is
small, ten for models and data sets); when it is over, or when it fails, the stage exits 0, its last line says so, and
the app starts cold. With `required=True` it fails instead, and the app doesn't start without it.

* **What runs.** One Python process in `images.PYTHON` as user 65532: no shell, nothing installed. `redis` with a
  command runs in an image of your own that has `python3`, as its own user, `image` in the one that it is for.
* **Privileges.** Pod Security "restricted", read-only root file system, no rights at the Kubernetes API. Passwords and
  tokens come from Secrets by environment variables.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi; models and data sets 100m, 64Mi and 128Mi; a command of your own
  100m and 128Mi, no limit, as the image's own user.
* **Exit codes.** 0 warm, or gone on without it; with `required=True` 1 refused or failed and 124 the budget is spent;
  2 wrong arguments; 143 the pod was stopped.
* **Second run.** Files that can be verified are kept, others are fetched again, each whole; a cache is loaded again,
  unless its marker says that it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Quantity, Words
from initconstructs.model.environment import EnvValue, SecretKey, check_secret_key
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import ClaimTemplate, Volume
from initconstructs.presets import images
from initconstructs.presets.fetching import cloud, data
from initconstructs.presets.program import (
    COMMAND_RESOURCES,
    RESOURCES,
    TELL_WHY,
    UNPRIVILEGED,
    StageOptions,
    StepOptions,
    literal,
    python,
)
from initconstructs.presets.text import check_text

__all__ = ["dataset", "http", "image", "model", "redis"]

_SHORT, _LONG = "1m", "10m"


class FileOptions(StageOptions, total=False):
    """What every warming that writes files takes besides its own parameters; see `fetching` for what they mean."""

    mode: str
    ca_file: str
    volume: Volume | ClaimTemplate
    size_limit: Quantity


@ends_at_the_author
def http(
    files: Mapping[str, str],
    *,
    headers: Mapping[str, SecretKey] | None = None,
    budget: Duration = _SHORT,
    required: bool = False,
    **options: Unpack[FileOptions],
) -> Stage:
    """Fetch answers of HTTPS servers into a directory that the app takes.

        warming.http({"rates.json": "https://rates.example/api/today"}, budget="30s")

    `files` maps paths below `stage.output` to URLs; the app mounts it, `mounts=[warm.output.at("/srv/warm")]`. Each is
    written whole or not at all; one that fails does not keep the others away. `headers` are sent to each URL's own
    host. For a file whose SHA-256 is known there is `fetching.https`.

    A second run fetches them again, and keeps the older file where that fails.

    Sources: RFC 9110
    """
    found = checks.strings("http: files", files)
    if not found:
        raise ModelError("http: files", "is empty", 'write {"rates.json": "https://rates.example/api"}, say')
    cloud.check_paths("http: files", found)
    for file, url in found.items():
        data.check_url(f"http: files[{file!r}]", url)
    checks.seconds("http: budget", budget, 1)
    names, env = data.header_variables(headers or {})
    spec = {"files": dict(found), "headers": names}
    given: data.DataOptions = {
        "name": "warm",
        "resources": RESOURCES,
        **options,
        "timeout": budget,
        "required": required,
    }
    return data.step("prefetch", spec, env, given)


@ends_at_the_author
def model(
    repository: str,
    *,
    revision: str,
    files: Words = (),
    token: SecretKey | None = None,
    endpoint: str = data.HUB,
    budget: Duration = _LONG,
    required: bool = False,
    **options: Unpack[FileOptions],
) -> Stage:
    """Fetch a model of the Hugging Face Hub, verified, within a time budget.

        warming.model("acme/shop-ranker", revision=COMMIT, volume=Volume("models", Claim("models")))

    It is `fetching.huggingface`, which says more, but the app starts without the model when the budget is over. With a
    `volume` that outlives the pod, what was finished until then is taken up by the next run.

    Sources: https://huggingface.co/docs/hub/api
    """
    checks.seconds("model: budget", budget, 1)
    given: data.DataOptions = {"name": "model", **options, "timeout": budget, "required": required}
    return data.huggingface(repository, revision=revision, files=files, token=token, endpoint=endpoint, **given)


@ends_at_the_author
def dataset(
    repository: str,
    *,
    revision: str,
    files: Words = (),
    token: SecretKey | None = None,
    endpoint: str = data.HUB,
    budget: Duration = _LONG,
    required: bool = False,
    **options: Unpack[FileOptions],
) -> Stage:
    """Fetch a data set of the Hugging Face Hub, verified, within a time budget.

        warming.dataset("acme/products", revision=COMMIT, files=["2026/*.parquet"], budget="5m")

    As `model`, for a data set.

    Sources: https://huggingface.co/docs/hub/api
    """
    checks.seconds("dataset: budget", budget, 1)
    given: data.DataOptions = {"name": "dataset", **options, "timeout": budget, "required": required}
    return data.huggingface(
        repository, revision=revision, kind="dataset", files=files, token=token, endpoint=endpoint, **given
    )


@ends_at_the_author
def redis(
    host: str,
    port: int = 6379,
    *,
    file: str | None = None,
    command: Words | None = None,
    env: Mapping[str, EnvValue] | None = None,
    username: str | None = None,
    password: SecretKey | None = None,
    database: int = 0,
    tls: bool = False,
    ca_file: str | None = None,
    marker: str | None = None,
    expires: Duration | None = None,
    budget: Duration = _SHORT,
    required: bool = False,
    **options: Unpack[StageOptions],
) -> Stage:
    """Load a Redis or Valkey server with commands, from a file or from what a command prints.

        warming.redis("cache", command=["./manage", "dump-cache"], image=IMAGE, marker="warm:1.4.2", expires="1h")

    The commands are lines such as `SET key "a value"`, or the protocol itself, as for `redis-cli --pipe`. `file` is one
    that `mounts` brings, `mounts=[dump.output.at("/dump")]`; `command` is run without a shell, with `env`, in `image`,
    which has `python3` beside it. The first command that the server refuses is logged by its number, and fails the
    stage once all are sent. `marker` is a key that is set at the end, for `expires` or for ever: pods that find it load
    nothing. Two that start together both load, so the commands should be such as may be repeated (SET and not INCR).

    Sources: https://redis.io/docs/latest/develop/clients/patterns/bulk-loading/
    """
    if (file is None) == (command is None):
        raise ModelError("redis", "takes a file or a command, one of them", 'write file="/dump/cache.txt", say')
    spec: dict[str, object] = {"host": _host(host), "port": port, "database": database}
    checks.port_number("redis: port", port)
    checks.number("redis: database", database)
    if file is not None:
        checks.absolute_path("redis: file", check_text("redis: file", file))
        spec["file"] = file
    if command is not None:
        spec["command"] = _command(command, options)
    spec |= _login(username, password) | _trust(tls, ca_file) | _marked(marker, expires)
    if not required:
        spec["required"] = False
    seconds = checks.seconds("redis: budget", budget, 1)
    variables = dict(env or {})
    if password is not None:
        variables["REDIS_PASSWORD"] = password
    args = [str(seconds), check_text("redis", json.dumps(spec, ensure_ascii=False))]
    own: StageOptions = {} if command is None else {"resources": COMMAND_RESOURCES, "security": SecurityContext()}
    given: StageOptions = {**own, **options}
    program = python("fetching", "redis")
    return program.stage(Stage, "warm", args, given, image=images.PYTHON, env=variables, network=True)


def _host(host: object) -> str:
    text = check_text("redis: host", host)
    checks.text("redis: host", text, 'write "cache", say')
    return text


def _command(command: Words, options: StageOptions) -> list[str]:
    words = [check_text("redis: command", each) for each in checks.words("redis: command", command)]
    if not words or not words[0]:
        raise wrong("redis: command", command, "must name a command", 'write ["./manage", "dump-cache"], say')
    if "image" not in options:
        raise ModelError("redis: command", "needs the image that has it", "give image=...; it has python3 beside it")
    return words


def _login(username: str | None, password: SecretKey | None) -> dict[str, object]:
    if password is not None:
        check_secret_key("redis: password", password, 'write SecretKey("cache", "password")')
    if username is None:
        return {}
    if password is None:
        raise ModelError("redis: username", "needs a password", 'give password=SecretKey("cache", "password")')
    return {"username": check_text("redis: username", username)}


def _trust(tls: bool, ca_file: str | None) -> dict[str, object]:
    if ca_file is None:
        return {"tls": True} if tls else {}
    checks.absolute_path("redis: ca_file", ca_file)
    return {"tls": True, "ca_file": ca_file}


def _marked(marker: str | None, expires: Duration | None) -> dict[str, object]:
    if marker is None:
        if expires is not None:
            raise ModelError("redis: expires", "is of the marker", 'give marker="warm:1.4.2", say')
        return {}
    checks.text("redis: marker", check_text("redis: marker", marker), "name a key")
    found: dict[str, object] = {"marker": marker}
    if expires is not None:
        found["expires"] = checks.seconds("redis: expires", expires, 1)
    return found


@ends_at_the_author
def image(reference: str, *, command: Words = ("true",), **options: Unpack[StepOptions]) -> Stage:
    """Have the node pull an image before the app starts, for pods that the app will start there.

        warming.image("ghcr.io/acme/worker:1.4.2")

    The kubelet pulls it to run `command` in it, which must end at once with 0. An image without `true` takes another
    one, such as `["/worker", "--version"]`. Where other pods land on other nodes, a DaemonSet with this stage pulls it
    on each. There is no budget: a stage whose image can't be pulled waits for ever, as any container does. The image is
    kept until the kubelet needs its disk.

    Runs as user 65532 under Pod Security "restricted". Exit codes: the command's own. A second run pulls nothing.

    Sources: https://kubernetes.io/docs/concepts/containers/images/,
    https://kubernetes.io/docs/concepts/architecture/garbage-collection/#container-image-lifecycle
    """
    checks.text("image: reference", reference, "name an image")
    words = [check_text("image: command", each) for each in checks.words("image: command", command)]
    return Stage(
        options.get("name", "pull"),
        image=reference,
        command=[literal(each) for each in words],
        mounts=options.get("mounts", ()),
        resources=options.get("resources", RESOURCES),
        security=options.get("security", UNPRIVILEGED),
        after=options.get("after", ()),
        before=options.get("before", ()),
        raw=TELL_WHY | dict(options.get("raw", {})),
    )
