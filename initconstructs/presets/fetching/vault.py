"""Secrets of HashiCorp Vault and OpenBao, as the workload's service account."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.probes import Exec, Probe
from initconstructs.model.stages import BaseStage, Sidecar, Stage
from initconstructs.model.volumes import EmptyDir, Mount, Projected, ServiceAccountToken, Volume
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.text import check_text

ADDRESS = "https://vault.vault.svc:8200"
"""Where Vault's own chart puts it, under the release and namespace "vault"."""

_TOKEN, _SESSION = "/var/run/secrets/vault", "/session"
_PATH = re.compile(r"[!-~]([ -~]*[!-~])?")


@ends_at_the_author
def vault(
    *,
    role: str,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    address: str = ADDRESS,
    auth_path: str = "kubernetes",
    audience: str | None = "vault",
    namespace: str | None = None,
    mode: str = "0400",
    hand_over: bool = False,
    **options: Unpack[FetchOptions],
) -> Stage:
    """Fetch secrets of Vault into memory, as files and as variables, logged in with the pod's service account.

        fetching.vault(role="shop", files={"db.json": "secret/data/shop/db"})

    `files` maps paths below `stage.output` to secrets, `environment` variables of `stage.environment`; a secret is a
    path as Vault's API spells it, `secret/data/shop/db` or `database/creds/shop`, and `#password` takes one field.
    Both versions of the key-value engine are known by themselves, so that `secret/shop/db` does as well.
    A file without a field is JSON. All are written, or none.

    Vault's role must allow the workload's service account, and `audience`, for which the kubelet makes the token that
    is shown to Vault and to nobody else; None makes it one for the API server, as a role without an audience wants.
    Vault may check the token only with rights of its own (`system:auth-delegator`), so the pod's account needs none.

    A secret with a lease (a database login, say) ends with the lease, or with the Vault token that it was made with:
    this stage never revokes it, and nobody renews it. Take `vault_agent` for those; with `hand_over=True` it goes on
    from here with the same login and leases, which then stand in a memory directory that only the two of them mount.

    Runs as user 65532, the only one who can read files of mode 0400: let the app run as the same user,
    `security=SecurityContext(run_as_user=1000, run_as_group=1000)`, or give `mode="0440"` and the pod a group,
    `PodSecurityContext(fs_group=1000)`. Variables are read by the kubelet and need neither; a value that it would not
    read as it is, such as an empty one or one with a single quote, is an error.

    It is a program of ours and not Vault's agent: no configuration to write, the image that the other presets run in
    too, and files that are all there or none.

    A second run logs in and reads again, and writes only what differs.

    Sources: https://developer.hashicorp.com/vault/docs/auth/kubernetes,
    https://developer.hashicorp.com/vault/docs/concepts/lease
    """
    about = _about("vault", role, address, auth_path, namespace)
    mounts = [_token("vault", audience, options)]
    if hand_over:
        about["session_file"] = f"{_SESSION}/login"
        memory = EmptyDir(medium="Memory", size_limit="1Mi")
        mounts.append(Volume(_beside("vault", options, "session"), memory).at(_SESSION))
    return _fetch("vault", about, files, environment, mode, mounts, options)


@ends_at_the_author
def vault_agent(
    *,
    role: str,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    address: str = ADDRESS,
    auth_path: str = "kubernetes",
    audience: str | None = "vault",
    namespace: str | None = None,
    mode: str = "0400",
    refresh: Duration = "5m",
    takes_over: Stage | None = None,
    **options: Unpack[FetchOptions],
) -> Sidecar:
    """Fetch secrets of Vault as `vault` does, and keep them up to date beside the app.

        fetching.vault_agent(role="shop", files={"db.json": "database/creds/shop"})

    The token and the leases are renewed after two thirds of their life; what can be renewed no longer is fetched anew.
    Other secrets are read again every `refresh`. Files that differ are rewritten, each whole: an app that needs a name
    and a password that belong together takes one file with both. Variables are as they were when their container
    started. While Vault can't be reached the files stay as they are, and the log says why.

    Alone it does all that `vault` does, before the app and before the stages after it: its startup probe holds them
    back until the files are there. Put a `vault(..., hand_over=True)` before it, `takes_over=secrets`, where the first
    fetch should fail as a stage does: at once for a Job that may not repeat, and with the reason in `kubectl describe`.
    The app then takes `secrets.output`, and the leases are not made twice.

    `timeout` is for the first fetch. Who may read the files: see `vault`.

    Exit codes: 0 never; 1 refused or failed, 124 the deadline came, both before the files were there; 143 asked to
    stop, which revokes nothing.

    Sources: https://developer.hashicorp.com/vault/docs/concepts/lease,
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    about = _about("vault_agent", role, address, auth_path, namespace)
    about["refresh"] = checks.seconds("vault_agent: refresh", refresh, 1)
    ready = f"{cloud.SECRETS if files else cloud.VARIABLES.rpartition('/')[0]}/.ready"
    about["ready_file"] = ready
    continued = _continued(takes_over) if takes_over else []
    if continued:
        about["session_file"] = f"{_SESSION}/login"
    mounts = [_token("vault-agent", audience, options)]
    stage = _fetch("vault_agent", about, files, environment, mode, mounts, options)
    common = {each.name: getattr(stage, each.name) for each in fields(BaseStage)}
    if continued:
        common |= {"produces": (), "mounts": [*stage.mounts, *continued]}
    seconds = checks.seconds("vault_agent: timeout", options.get("timeout", "2m"), 1)
    probe = Probe(Exec(["test", "-e", ready]), initial_delay=1, period=1, failure_threshold=seconds + 10)
    return Sidecar(**common, startup_probe=probe)


def _about(function: str, role: str, address: str, auth_path: str, namespace: str | None) -> dict[str, str | int]:
    """Where Vault is and who asks."""
    checks.text(f"{function}: role", check_text(f"{function}: role", role), "name a role of Vault's Kubernetes login")
    _check_path(f"{function}: auth_path", auth_path)
    about: dict[str, str | int] = {"address": cloud.origin(f"{function}: address", address), "role": role}
    about |= {"auth_path": auth_path.strip("/"), "token_file": f"{_TOKEN}/token"}
    if namespace is None:
        return about
    _check_path(f"{function}: namespace", namespace)
    return about | {"namespace": namespace}


def _check_path(place: str, path: object) -> None:
    if not isinstance(path, str) or not _PATH.fullmatch(path) or ".." in path.split("/"):
        raise wrong(place, path, "must be a path of printable ASCII characters", 'write "secret/data/shop/db", say')


def _check_secret(place: str, path: str) -> None:
    _check_path(place, path)
    if path != path.strip("/") or "//" in path:
        rule = "must neither begin nor end with a slash, nor have two in a row"
        raise wrong(place, path, rule, 'write "secret/data/shop/db", say')


def _token(name: str, audience: str | None, options: FetchOptions) -> Mount:
    """The pod's token for Vault, which the kubelet renews."""
    if audience is not None:
        checks.text("vault: audience", check_text("vault: audience", audience), "name the audience of Vault's role")
    token = ServiceAccountToken("token", audience=audience, expiration="10m")
    return Volume(_beside(name, options, "token"), Projected([token])).at(_TOKEN, read_only=True)


def _beside(name: str, options: FetchOptions, what: str) -> str:
    return f"{options.get('name', name)[: 62 - len(what)].rstrip('-')}-{what}"


def _fetch(  # noqa: PLR0917 -- as both name them
    function: str,
    about: Mapping[str, str | int],
    files: Mapping[str, str] | None,
    environment: Mapping[str, str] | None,
    mode: str,
    mounts: Sequence[Mount],
    options: FetchOptions,
) -> Stage:
    options = {**options, "mounts": [*mounts, *options.get("mounts", ())]}
    return cloud.secrets(
        function, about, files=files, environment=environment, mode=mode, check=_check_secret, options=options
    )


def _continued(stage: Stage) -> list[Mount]:
    """The directories that a `vault` stage hands over, to write."""
    session = [each for each in stage.mounts if each.path == _SESSION]
    if not session:
        raise ModelError(f"vault_agent: takes_over={stage.place}", "has no session", "give it hand_over=True")
    places = {made.name: made.mount_path for made in stage.produces}
    return [*session, *(output.at(places[name], read_only=False) for name, output in stage.outputs.items())]
