"""Secrets, parameters and objects of AWS, as the workload's service account.

Without `keys`, the programs find their credentials where AWS' own tools do, in this order:

* IRSA: the service account has the annotation `eks.amazonaws.com/role-arn`;
* EKS Pod Identity: an association of the service account with a role, and the agent on the nodes;
* the node's own role, by its metadata (version 2), if its hop limit lets pods reach it.

Name the service account on the workload: `Deployment(..., service_account="shop")`. The first two come by variables and
a token that EKS adds to every container, this one too; the account's own token is of no use to them and need not be
mounted, `automount_service_account_token=False`.

https://docs.aws.amazon.com/eks/latest/userguide/service-accounts.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import SecretKey, check_secret_key
from initconstructs.model.errors import wrong
from initconstructs.model.frozen import frozen
from initconstructs.model.stages import Stage
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.fetching.data import DataOptions
from initconstructs.presets.fetching.objects import objects, split

_SECRET = cloud.matching(
    r"[A-Za-z0-9/_+=.@!-]{1,512}|arn:[A-Za-z0-9-]+:secretsmanager:[A-Za-z0-9-]+:[0-9]+:secret:[A-Za-z0-9/_+=.@!-]+",
    "must be the name or ARN of a secret",
    "shop/db",
)
_PARAMETER = cloud.matching(
    r"[A-Za-z0-9_./-]{1,1011}(:[A-Za-z0-9_.-]+)?|arn:[A-Za-z0-9-]+:ssm:[A-Za-z0-9-]+:[0-9]+:parameter/[A-Za-z0-9_./:-]+",
    "must be the name or ARN of a parameter, with :version or :label",
    "/shop/db/url",
)


@frozen
class AwsKeys:
    """Access keys in a Secret, for clusters without workload identity, and for stores that only speak S3's protocol."""

    key_id: SecretKey
    secret: SecretKey
    token: SecretKey | None = None

    def __post_init__(self) -> None:
        for name in ("key_id", "secret", *(["token"] if self.token is not None else [])):
            check_secret_key(f"AwsKeys.{name}", getattr(self, name), 'write SecretKey("aws", "secret")')

    @property
    def env(self) -> Mapping[str, SecretKey]:
        """The variables that AWS' tools take them from."""
        found = {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret}
        return found | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


@ends_at_the_author
def aws_secrets(
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    region: str | None = None,
    mode: str = "0400",
    keys: AwsKeys | None = None,
    endpoint: str | None = None,
    **options: Unpack[FetchOptions],
) -> Stage:
    """Fetch secrets of AWS Secrets Manager into memory, as files and as variables.

        fetching.aws_secrets(files={"db.json": "shop/db"}, environment={"DB_PASSWORD": "shop/db#password"})

    `files` maps paths below `stage.output` to secrets, `environment` variables of `stage.environment` to secrets; a
    secret is a name or an ARN, and `#key` takes one key of a secret that is JSON. The current version is fetched.
    `region` is that of the cluster unless it is given. `keys` stand in where the workload's service account has no role
    (see `presets.fetching.aws`). The role needs `secretsmanager:GetSecretValue` on these secrets, and `kms:Decrypt`
    where they have a key of their own.

    Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """
    about = _about("aws_secrets", region, endpoint, plain=False)
    return cloud.secrets(
        "aws_secrets",
        about,
        files=files,
        environment=environment,
        mode=mode,
        check=_SECRET,
        options=options,
        env=_env("aws_secrets", keys),
    )


@ends_at_the_author
def aws_parameters(
    path: str | None = None,
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    region: str | None = None,
    mode: str = "0400",
    keys: AwsKeys | None = None,
    endpoint: str | None = None,
    **options: Unpack[FetchOptions],
) -> Stage:
    """Fetch parameters of AWS Systems Manager's Parameter Store into memory, as files and as variables.

        fetching.aws_parameters(environment={"DB_URL": "/shop/db/url"})

    With `path`, every parameter below it becomes a file called like the rest of its name. Otherwise `files`,
    `environment` and who asks are as in `aws_secrets`. Secure strings are decrypted. The role needs `ssm:GetParameter`,
    or `ssm:GetParametersByPath`, and `kms:Decrypt` where the strings have a key of their own.

    Sources: https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
    """
    about = _about("aws_parameters", region, endpoint, plain=False)
    if path is not None:
        about |= {"path": _path(path, files, environment)}
    return cloud.secrets(
        "aws_parameters",
        about,
        files=files,
        environment=environment,
        mode=mode,
        check=_PARAMETER,
        options=options,
        env=_env("aws_parameters", keys),
    )


def _path(path: object, files: object, environment: object) -> str:
    if not isinstance(path, str) or not re.fullmatch(r"(/[A-Za-z0-9_.-]+)*/?", path) or not path:
        raise wrong("aws_parameters: path", path, "must be a path of parameters", 'write "/shop/", say')
    if files or environment:
        rule = "fetches all below it, and files or environment are given too"
        raise wrong("aws_parameters: path", path, rule, "leave one out, or make two stages")
    return path


@ends_at_the_author
def s3(
    url: str,
    *,
    sha256: str | None = None,
    region: str | None = None,
    endpoint: str | None = None,
    path_style: bool | None = None,
    keys: AwsKeys | None = None,
    **options: Unpack[DataOptions],
) -> Stage:
    """Fetch an object of S3, or of a store that speaks its protocol, or all objects below one.

        fetching.s3("s3://models/llama/", volume=Volume("models", Claim("models")))

    An object becomes a file of its last name in `stage.output`; a URL that ends in "/" brings all below it, each under
    the rest of its key. `sha256` is demanded of the one object; else the checksum that S3 keeps is, or the MD5 that an
    ETag is. A second run fetches nothing if all is here and unchanged, here and there; else it fetches all of it again,
    and removes what an earlier run brought and the store has no longer.

    `endpoint` is a store of one's own, `http://minio.storage.svc:9000` say, asked with the bucket in the path;
    `path_style` says otherwise. Who asks is as in `aws_secrets`; the role needs `s3:GetObject`, for several objects
    `s3:ListBucket` too.

    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    bucket, key = split("s3", url, "s3")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", bucket):
        raise wrong("s3: url", url, "must have the name of a bucket", 'write "s3://models/llama.gguf", say')
    about = _about("s3", region, endpoint, plain=True)
    about |= {"bucket": bucket, "of": url if endpoint is None else f"{url} of {endpoint}"}
    about["path_style"] = path_style if path_style is not None else endpoint is not None or "." in bucket
    return objects(
        "s3",
        about,
        key=key,
        sha256=sha256,
        options=options,
        env=_env("s3", keys),
    )


def _about(function: str, region: str | None, endpoint: str | None, *, plain: bool) -> dict[str, object]:
    """Where the service is."""
    found: dict[str, object] = {}
    if region is not None:
        cloud.matching(r"[a-z0-9]+(-[a-z0-9]+)*", "must be a region", "eu-central-1")(f"{function}: region", region)
        found["region"] = region
    if endpoint is not None:
        found["endpoint"] = cloud.origin(f"{function}: endpoint", endpoint, plain=plain)
    return found


def _env(function: str, keys: AwsKeys | None) -> Mapping[str, SecretKey]:
    if keys is None:
        return {}
    checks.instance(f"{function}: keys", keys, AwsKeys, "write AwsKeys(key_id=SecretKey(...), secret=SecretKey(...))")
    return keys.env
