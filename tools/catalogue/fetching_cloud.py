"""Fetches from the clouds."""

from __future__ import annotations

from catalogue.entry import Entry
from initconstructs.model.volumes import Claim, Volume
from initconstructs.presets import fetching

_SIGNED = "moto's server and its check of signatures, the vectors of AWS, botocore's signer"
_FAULTS = "a server that is busy, breaks off, falls silent or sends other bytes; a full disk, a kill"
_AWS = fetching.aws_secrets(files={"db.json": "shop/db"}, environment={"DB_PASSWORD": "shop/db#password"})
_PARAMETERS = fetching.aws_parameters("/shop/", region="eu-central-1")
_GOOGLE = fetching.google_secrets(project="acme-shop", files={"db.json": "db"})
_VAULT = fetching.azure_key_vault("acme-shop", files={"db.pem": "db-certificate"}, mode="0440")
_MODELS = Volume("models", Claim("models"))
_S3 = fetching.s3("s3://acme-models/llama/", volume=_MODELS)
_GCS = fetching.gcs("gs://acme-models/llama.gguf", sha256="0123456789abcdef" * 4)
_BLOB = fetching.azure_blob("https://acme.blob.core.windows.net/models/llama/", size_limit="20Gi")

ENTRIES = {
    "aws_secrets": Entry(step=_AWS, reader=_AWS.output.at("/secrets"), proven=_SIGNED),
    "aws_parameters": Entry(step=_PARAMETERS, reader=_PARAMETERS.output.at("/secrets"), proven=_SIGNED),
    "google_secrets": Entry(
        step=_GOOGLE,
        reader=_GOOGLE.output.at("/secrets"),
        proven="a server made after Google's reference, which checks tokens; Google's own CRC-32C",
    ),
    "azure_key_vault": Entry(
        step=_VAULT,
        reader=_VAULT.output.at("/secrets"),
        proven="a server made after Azure's reference, which checks assertions and tokens",
    ),
    "s3": Entry(step=_S3, reader=_S3.output.at("/models"), proven=f"{_SIGNED}; {_FAULTS}"),
    "gcs": Entry(
        step=_GCS, reader=_GCS.output.at("/models"), proven="gcp-storage-emulator; a server made after the reference"
    ),
    "azure_blob": Entry(
        step=_BLOB, reader=_BLOB.output.at("/models"), proven="Azurite; a server made after the reference"
    ),
}
