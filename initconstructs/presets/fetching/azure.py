"""Secrets and blobs of Azure, as the workload's identity.

With Microsoft Entra Workload ID the service account has the annotation `azure.workload.identity/client-id`, and the
pods have the label `azure.workload.identity/use: "true"`; the webhook then gives every container, this one too, the
variables and the token that it needs, whether or not the account's own token is mounted:
`Deployment(..., service_account="shop", pod_labels={"azure.workload.identity/use": "true"})`. Without it, the node's
managed identity is taken.

https://learn.microsoft.com/azure/aks/workload-identity-overview
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from typing_extensions import Unpack

from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.stages import Stage
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.fetching.data import DataOptions
from initconstructs.presets.fetching.objects import objects
from initconstructs.presets.text import check_text

_SECRET = cloud.matching(
    r"[0-9A-Za-z-]{1,127}(/[0-9a-f]{32})?", "must be the name of a secret, with /version", "db-password"
)


@ends_at_the_author
def azure_key_vault(
    vault: str,
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    mode: str = "0400",
    **options: Unpack[FetchOptions],
) -> Stage:
    """Fetch secrets of Azure Key Vault into memory, as files and as variables.

        fetching.azure_key_vault("acme-shop", environment={"DB_PASSWORD": "db-password"})

    `vault` is its name, or its URL, such as `https://acme.vault.usgovcloudapi.net`. `files` maps paths below
    `stage.output` to secrets, `environment` variables of `stage.environment` to secrets. A secret is a name, with
    `/version` for another one than the latest; `#key` takes one key of a secret that is JSON. A certificate's secret is
    written as the text that Key Vault holds, Base64 or PEM. The workload's identity (see
    `presets.fetching.azure`) needs the role "Key Vault Secrets User".

    Sources: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
    """
    place = _vault(vault)
    found = re.search(r"\.(vault\.[a-z.]+)\Z", urlsplit(place).hostname or "")
    about = {"vault": place, "audience": f"https://{found[1] if found else 'vault.azure.net'}"}
    return cloud.secrets(
        "azure_key_vault",
        about,
        files=files,
        environment=environment,
        mode=mode,
        check=_SECRET,
        options=options,
    )


def _vault(vault: object) -> str:
    if isinstance(vault, str) and re.fullmatch("[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]", vault):
        return f"https://{vault.lower()}.vault.azure.net"
    if not isinstance(vault, str) or "://" not in vault:
        rule = "must be the name or the URL of a vault"
        raise wrong("azure_key_vault: vault", vault, rule, 'write "acme-shop", say')
    return cloud.origin("azure_key_vault: vault", vault)


@ends_at_the_author
def azure_blob(
    url: str,
    *,
    sha256: str | None = None,
    endpoint: str | None = None,
    **options: Unpack[DataOptions],
) -> Stage:
    """Fetch a blob of Azure Storage, or all blobs below one.

        fetching.azure_blob("https://acme.blob.core.windows.net/models/llama/", size_limit="20Gi")

    A blob becomes a file of its last name in `stage.output`; a URL that ends in "/" brings all below it, each under the
    rest of its name. `sha256` is demanded of the one blob; else the MD5 that the store keeps is, if it keeps one: of a
    blob that was uploaded in blocks only if its uploader said so. A second run is as that of `s3`.

    `endpoint` stands for the account's part of the URL where it is elsewhere. The workload's identity
    (see `presets.fetching.azure`) needs the role "Storage Blob Data Reader".

    Sources: https://learn.microsoft.com/rest/api/storageservices/get-blob
    """
    account, container, key = _blob(url)
    about: dict[str, object] = {"bucket": container, "of": url, "endpoint": account}
    if endpoint is not None:
        about["endpoint"] = cloud.origin("azure_blob: endpoint", endpoint)
    return objects("azure_blob", about, key=key, sha256=sha256, options=options)


def _blob(url: object) -> tuple[str, str, str]:
    """The account's URL, the container, and the blob's name."""
    found = (
        re.fullmatch(r"(https://[-.:A-Za-z0-9]+)/([$a-z0-9-]{3,63})/([^?#\s]*)", url) if isinstance(url, str) else None
    )
    if found is None:
        rule = "must be https://account.blob.core.windows.net/container/blob, without a signature"
        raise ModelError("azure_blob: url", rule, "percent-encode the blob's name, and leave out what follows '?'")
    account = cloud.origin("azure_blob: url", found[1])
    return account, found[2], check_text("azure_blob: url", unquote(found[3], errors="strict"))
