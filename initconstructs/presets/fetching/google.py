"""Secrets and objects of Google Cloud, as the workload's service account.

With GKE's Workload Identity the metadata server gives a token for the Kubernetes service account: grant the roles to
its principal, or annotate it with `iam.gke.io/gcp-service-account`. Elsewhere on Google Cloud it is the node's account.
Name the service account on the workload: `Deployment(..., service_account="shop")`; its own token need not be
mounted, `automount_service_account_token=False`.

https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.stages import Stage
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import Check, FetchOptions
from initconstructs.presets.fetching.data import DataOptions
from initconstructs.presets.fetching.objects import objects, split

_FULL = r"projects/[^/\s]+(/locations/[a-z0-9-]+)?/secrets/[A-Za-z0-9_-]{1,255}(/versions/[A-Za-z0-9_-]+)?"
_SHORT = r"[A-Za-z0-9_-]{1,255}(/versions/[A-Za-z0-9_-]+)?"
_PROJECT = cloud.matching(r"([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}", "must be the id of a project", "acme-shop")


@ends_at_the_author
def google_secrets(
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    project: str | None = None,
    mode: str = "0400",
    endpoint: str | None = None,
    **options: Unpack[FetchOptions],
) -> Stage:
    """Fetch secrets of Google Secret Manager into memory, as files and as variables.

        fetching.google_secrets(project="acme-shop", environment={"DB_PASSWORD": "db-password"})

    `files` maps paths below `stage.output` to secrets, `environment` variables of `stage.environment` to secrets. A
    secret is an id in `project`, or a full name (`projects/acme/secrets/db`), with `/versions/3` for another version
    than the latest; `#key` takes one key of a secret that is JSON. What comes is held against its CRC-32C. A regional
    secret is at `endpoint="https://secretmanager.europe-west3.rep.googleapis.com"`, say, under its full name. The
    workload's service account (see `presets.fetching.google`) needs `roles/secretmanager.secretAccessor` on them.

    Sources: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
    """
    about: dict[str, object] = {}
    if project is not None:
        _PROJECT("google_secrets: project", project)
        about["project"] = project
    if endpoint is not None:
        about["endpoint"] = cloud.origin("google_secrets: endpoint", endpoint)
    return cloud.secrets(
        "google_secrets",
        about,
        files=files,
        environment=environment,
        mode=mode,
        check=_secret(project),
        options=options,
    )


def _secret(project: str | None) -> Check:
    form = cloud.matching(f"{_FULL}|{_SHORT}", "must be the id or the full name of a secret", "db-password")

    def check(place: str, name: str) -> None:
        form(place, name)
        if project is None and not name.startswith("projects/"):
            raise ModelError(place, f'names "{name}" of no project', 'say project="acme-shop", or write the full name')

    return check


@ends_at_the_author
def gcs(
    url: str,
    *,
    sha256: str | None = None,
    endpoint: str | None = None,
    **options: Unpack[DataOptions],
) -> Stage:
    """Fetch an object of Google Cloud Storage, or all objects below one.

        fetching.gcs("gs://models/llama/", volume=Volume("models", Claim("models")))

    An object becomes a file of its last name in `stage.output`; a URL that ends in "/" brings all below it, each under
    the rest of its name. `sha256` is demanded of the one object; else the MD5 that the store keeps is, or its CRC-32C.
    Files are as they are stored: one that was uploaded with `Content-Encoding: gzip` stays compressed. A second run is
    as that of `s3`.

    The workload's service account (see `presets.fetching.google`) needs `roles/storage.objectViewer` on the bucket.

    Sources: https://cloud.google.com/storage/docs/json_api/v1/objects/get
    https://cloud.google.com/storage/docs/data-validation
    """
    bucket, key = split("gcs", url, "gs")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", bucket):
        raise wrong("gcs: url", url, "must have the name of a bucket", 'write "gs://models/llama.gguf", say')
    about: dict[str, object] = {"bucket": bucket, "of": url}
    if endpoint is not None:
        about["endpoint"] = cloud.origin("gcs: endpoint", endpoint)
    return objects("gcs", about, key=key, sha256=sha256, options=options)
