"""Azure: Key Vault and Blob Storage as their references describe them, and Azurite where it is installed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import pytest

from initconstructs import ConfigMapFiles, ModelError, Volume
from initconstructs.presets import fetching
from tests.presets.conftest import free_port
from tests.presets.fetching_clouds import (
    Cloud,
    Reply,
    Request,
    answer,
    canary_free,
    cloud,
    data,
    files,
    kubelet_reads,
    soon,
)

ASSERTION, TENANT, CLIENT = "canary.service-account.token", "7d0c-tenant", "c0de-client"
SECRETS = {"db": '{"password": "canary-p4"}', "db/0123456789abcdef0123456789abcdef": "canary-old"}


def token_for(audience: str) -> str:
    return f"canary-token-for-{audience}"


def entra(asked: Request) -> Reply:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_assertion_type": kind}
    form = asked.form
    if asked.path != f"/{TENANT}/oauth2/v2.0/token" or not wanted.items() <= form.items():
        return answer({"error": "invalid_request", "error_description": "AADSTS900144"}, 400)
    if form["client_assertion"] != ASSERTION:
        return answer({"error": "invalid_client", "error_description": "AADSTS700213: No matching identity"}, 401)
    return answer({"access_token": token_for(form["scope"].removesuffix("/.default")), "expires_in": 3599})


def metadata(asked: Request) -> Reply:
    """https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token"""
    if asked.path != "/metadata/identity/oauth2/token" or asked.headers["Metadata"] != "true":
        return Reply(400)
    return answer({"access_token": token_for(asked.query["resource"]), "expires_in": "3599"})


def key_vault(asked: Request) -> Reply:
    """https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret"""
    if asked.headers["Authorization"] != f"Bearer {token_for('https://vault.azure.net')}":
        return answer({"error": {"code": "Unauthorized", "message": "AKV10032: Invalid issuer."}}, 401)
    name = asked.path.removeprefix("/secrets/")
    if asked.query["api-version"] != "7.4" or name == "forbidden":
        return answer({"error": {"code": "Forbidden", "message": "Caller is not authorized"}}, 403)
    if name not in SECRETS:
        return answer(
            {"error": {"code": "SecretNotFound", "message": f"A secret with (name/id) {name} was not found"}}, 404
        )
    return answer({"value": SECRETS[name], "id": f"https://acme.vault.azure.net/secrets/{name}"})


@pytest.fixture
def azure() -> Iterator[Callable[..., Cloud]]:
    """Starts servers that behave as they are told, to the end of the test."""
    with ExitStack() as running:
        yield lambda behave: running.enter_context(cloud(behave))


@pytest.fixture
def env(azure, tmp_path: Path) -> dict[str, str]:
    """What the webhook of workload identity gives to each container."""
    (tmp_path / "token").write_text(ASSERTION)
    found = {"FEDERATED_TOKEN_FILE": str(tmp_path / "token"), "TENANT_ID": TENANT, "CLIENT_ID": CLIENT}
    return {f"AZURE_{name}": text for name, text in {**found, "AUTHORITY_HOST": f"{azure(entra).url}/"}.items()}


def secrets(azure, **given):
    return fetching.azure_key_vault(azure(key_vault).url, **given)


def test_secrets_become_files_and_variables(azure, env, kubelet):
    wanted = {"db.json": "db", "old": "db/0123456789abcdef0123456789abcdef"}
    stage = secrets(azure, files=wanted, environment={"PASSWORD": "db#password"}, mode="0440")
    done = kubelet.run(stage, **env)
    assert done.code == 0, done.out
    assert files(kubelet.root / "secrets") == {"db.json": SECRETS["db"].encode(), "old": b"canary-old"}
    assert (kubelet.root / "secrets" / "old").stat().st_mode & 0o777 == 0o440
    assert kubelet_reads((kubelet.root / "environment" / "variables").read_text()) == {"PASSWORD": "canary-p4"}
    canary_free(stage, done, "canary")


@pytest.mark.parametrize(("name", "told"), [("forbidden", "status 403"), ("nothing", "status 404")])
def test_a_refusal_is_told_in_azures_words_and_nothing_is_written(azure, env, kubelet, name, told):
    done = kubelet.run(secrets(azure, files={"a": "db", "b": name}), **env)
    assert (done.code, files(kubelet.root / "secrets")) == (1, {})
    assert f"secret {name}: " in done.last
    assert told in done.last


def test_a_service_account_that_no_identity_trusts(azure, env, kubelet):
    Path(env["AZURE_FEDERATED_TOKEN_FILE"]).write_text("canary.other.token")
    done = kubelet.run(secrets(azure, files={"a": "db"}), **env)
    assert (done.code, "AADSTS700213: No matching identity" in done.last) == (1, True)
    assert "canary" not in done.out


def test_as_the_node(azure, kubelet):
    host = azure(metadata).url
    done = kubelet.run(secrets(azure, files={"a": "db"}), AZURE_POD_IDENTITY_AUTHORITY_HOST=host)
    assert done.code == 0, done.out


def test_as_nobody(azure, kubelet):
    refused = answer({"error": "invalid_request", "error_description": "Identity not found"}, 400)
    host = azure(lambda asked: refused).url
    done = kubelet.run(secrets(azure, files={"a": "db"}), AZURE_POD_IDENTITY_AUTHORITY_HOST=host)
    assert done.code == 1
    assert "no Azure credentials: neither workload identity, nor an identity of the node" in done.last
    assert "Identity not found" in done.last


def test_what_is_throttled_is_tried_again(azure, env, kubelet):
    replies = [answer({"error": {"code": "Throttled", "message": "busy"}}, 429, Retry_After="1")]
    place = azure(lambda asked: replies.pop() if replies else key_vault(asked))
    done = kubelet.run(fetching.azure_key_vault(place.url, files={"a": "db"}), **env)
    assert done.code == 0, done.out
    assert "status 429: busy" in done.out


BLOBS = {"llama/a b+ü&%41#.bin": os.urandom(300_001), "llama/deep/b.bin": b"b", "one": b"1"}


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def blobs(asked: Request, **other: str) -> Reply:
    """https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api, a blob a page"""
    authorized = asked.headers["Authorization"] == f"Bearer {token_for('https://storage.azure.com')}"
    if not authorized or not asked.headers["x-ms-version"]:
        return Reply(403, b"<Error><Code>AuthenticationFailed</Code><Message>Make sure ...</Message></Error>")
    if asked.query.get("comp") == "list":
        return Reply(body=listing(asked.query["prefix"], int(asked.query["marker"] or 0)).encode())
    name = unquote(asked.path).removeprefix("/models/")
    if name not in BLOBS:
        return Reply(404, b"\xef\xbb\xbf<Error><Code>BlobNotFound</Code><Message>It does not exist.</Message></Error>")
    about = {"ETag": '"0x8D"', "Content-MD5": md5(BLOBS[name]), **other}
    return Reply(body=BLOBS[name], headers=about) if asked.headers.get("If-Match", '"0x8D"') == '"0x8D"' else Reply(412)


def listing(prefix: str, page: int) -> str:
    names = [name for name in BLOBS if name.startswith(prefix)]
    body = BLOBS[names[page]]
    about = f'<Etag>"0x8D"</Etag><Content-Length>{len(body)}</Content-Length><Content-MD5>{md5(body)}</Content-MD5>'
    name = names[page].replace("&", "&amp;")
    folder = "<Blob><Name>llama/deep</Name><Properties><Content-Length>0</Content-Length></Properties><Metadata>"
    folder += "<hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
    found = f"<Blob><Name>{name}</Name><Properties>{about}</Properties></Blob>"
    more = str(page + 1) if page + 1 < len(names) else ""
    return f"\ufeff<E><Blobs>{folder}{found}</Blobs><NextMarker>{more}</NextMarker></E>"


def account(azure, behave=blobs, name: str = "llama/", **given):
    url = f"https://acme.blob.core.windows.net/models/{name}"
    return fetching.azure_blob(url, endpoint=azure(behave).url, **given)


def test_one_blob(azure, env, kubelet):
    done = kubelet.run(account(azure, name="llama/a%20b+%C3%BC&%2541%23.bin"), **env)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a b+ü&%41#.bin": BLOBS["llama/a b+ü&%41#.bin"]}
    assert "md5 verified" in done.out


def test_all_below_a_folder_and_the_second_run(azure, env, kubelet):
    stage = account(azure)
    done = kubelet.run(stage, **env)
    assert done.code == 0, done.out
    wanted = {name.removeprefix("llama/"): body for name, body in BLOBS.items() if name != "one"}
    assert data(kubelet) == wanted
    assert "unchanged" in kubelet.run(stage, **env).last


def test_a_missing_blob(azure, env, kubelet):
    done = kubelet.run(account(azure, name="nothing"), **env)
    assert (done.code, "models/nothing: status 404" in done.last) == (1, True)


def test_a_blob_without_its_md5(azure, env, kubelet):
    wrong = account(azure, lambda asked: blobs(asked, **{"Content-MD5": md5(b"x")}), name="one")
    done = kubelet.run(wrong, **env)
    assert (done.code, data(kubelet)) == (1, {})
    assert "does not have the md5" in done.last


def test_a_blob_that_is_replaced_meanwhile(azure, env, kubelet):
    def behave(asked: Request) -> Reply:
        return Reply(412) if asked.method == "GET" else blobs(asked)

    done = kubelet.run(account(azure, behave, name="one"), **env)
    assert (done.code, "it changed while it was fetched" in done.last) == (1, True)


def test_a_stranger_is_refused(azure, env, kubelet):
    done = kubelet.run(account(azure, lambda asked: Reply(403, b"<E><Code>AuthorizationFailure</Code></E>")), **env)
    assert (done.code, "status 403: AuthorizationFailure" in done.last) == (1, True)


def jwt(audience: str) -> str:
    """A token that Azurite takes: it looks at the claims, and at no signature."""
    now = int(time.time())
    issuer = f"https://sts.windows.net/{TENANT}/"
    claims = {"aud": audience, "iss": issuer, "iat": now, "nbf": now - 9, "exp": now + 999, "oid": "o", "tid": TENANT}
    parts = [json.dumps(each).encode() for each in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts), "c2lnbmVk"])


def test_azurite(azure, env, kubelet, servers, certificate):
    (azurite,) = servers.need("azurite-blob")
    port, home = free_port(), servers.directory("azurite")
    tls = ["--oauth", "basic", "--cert", str(certificate / "ca.crt"), "--key", str(certificate / "key.pem")]
    servers.start([azurite, "--blobPort", str(port), "--location", str(home), "--skipApiVersionCheck", *tls])
    endpoint = f"https://localhost:{port}/devstoreaccount1"
    soon(lambda: put(certificate, f"{endpoint}/models?restype=container"), within=30)
    for name, body in {"llama/a%20b%C3%BC.bin": BLOBS["one"] * 9999, "llama/deep/b.bin": b"b"}.items():
        assert put(certificate, f"{endpoint}/models/{name}", body)
    env["AZURE_AUTHORITY_HOST"] = azure(lambda _: answer({"access_token": jwt("https://storage.azure.com")})).url
    url, ca = "https://devstoreaccount1.blob.core.windows.net/models/llama/", Volume("ca", ConfigMapFiles("ca"))
    stage = fetching.azure_blob(url, endpoint=endpoint, ca_file="/ca/ca.crt", mounts=[ca.at("/ca")])
    done = kubelet.run(stage, mounts={"/ca": certificate}, **env)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a bü.bin": b"1" * 9999, "deep/b.bin": b"b"}
    assert "unchanged" in kubelet.run(stage, mounts={"/ca": certificate}, **env).last


def put(certificate: Path, url: str, body: bytes = b"") -> bool:
    """Make a container or a blob."""
    headers = {"Authorization": f"Bearer {jwt('https://storage.azure.com')}", "x-ms-version": "2021-12-02"}
    request = urllib.request.Request(url, body, {**headers, "x-ms-blob-type": "BlockBlob"}, method="PUT")
    try:
        urllib.request.urlopen(request, context=ssl.create_default_context(cafile=certificate / "ca.crt")).close()
    except OSError as error:
        if hasattr(error, "read"):
            raise AssertionError(error.read()) from None
        return False
    return True


@pytest.mark.parametrize(
    ("vault", "url", "audience"),
    [
        ("Acme-Shop", "https://acme-shop.vault.azure.net", "https://vault.azure.net"),
        (
            "https://acme.vault.usgovcloudapi.net/",
            "https://acme.vault.usgovcloudapi.net",
            "https://vault.usgovcloudapi.net",
        ),
        ("https://acme.vault.azure.cn", "https://acme.vault.azure.cn", "https://vault.azure.cn"),
    ],
)
def test_where_a_vault_is(vault, url, audience):
    spec = json.loads(fetching.azure_key_vault(vault, files={"a": "b"}).args[1])
    assert (spec["vault"], spec["audience"]) == (url, audience)


@pytest.mark.parametrize("vault", ["", "a_b", "http://acme.vault.azure.net", "https://", "https://u:p@acme", 7])
def test_what_is_no_vault(vault):
    with pytest.raises(ModelError, match="azure_key_vault: vault"):
        fetching.azure_key_vault(vault, files={"a": "b"})


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.blob.core.windows.net",
        "https://acme/models/a?sig=x",
        "http://acme/models/a",
        "https://acme/models/a b",
        7,
    ],
)
def test_what_is_no_blob(url):
    with pytest.raises(ModelError, match="azure_blob: url"):
        fetching.azure_blob(url)
