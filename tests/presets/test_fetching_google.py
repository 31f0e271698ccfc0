"""Google Cloud: Secret Manager as its reference describes it, Cloud Storage as an emulator has it, behind tokens."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import quote

import google_crc32c
import pytest

from initconstructs import ModelError
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

TOKEN = "ya29.canary-token"
SECRETS = {
    "projects/acme/secrets/db/versions/latest": b'{"password": "canary-p4"}',
    "projects/acme/secrets/db/versions/3": b"canary-old",
    "projects/other/secrets/key/versions/latest": bytes(range(256)),
}
BIG = os.urandom(1_000_001)


def metadata(asked: Request) -> Reply:
    """https://cloud.google.com/compute/docs/metadata/querying-metadata"""
    place = "/computeMetadata/v1/instance/service-accounts/default/token"
    if asked.path != place or asked.headers["Metadata-Flavor"] != "Google":
        return Reply(403)
    return answer({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}, Metadata_Flavor="Google")


def secret_manager(asked: Request) -> Reply:
    """https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access"""
    if asked.headers["Authorization"] != f"Bearer {TOKEN}":
        return refused(401, "Request had invalid authentication credentials.")
    name = asked.path.removeprefix("/v1/").removesuffix(":access")
    if "forbidden" in name:
        return refused(403, f"Permission 'secretmanager.versions.access' denied for resource '{name}'.")
    if name not in SECRETS:
        return refused(404, f"Secret Version [{name}] not found.")
    payload = {"data": b64encode(SECRETS[name]).decode(), "dataCrc32c": str(google_crc32c.value(SECRETS[name]))}
    return answer({"name": name, "payload": payload})


def refused(code: int, message: str) -> Reply:
    return answer({"error": {"code": code, "message": message}}, code)


@pytest.fixture
def google() -> Iterator[Callable[..., Cloud]]:
    """Starts servers that behave as they are told, to the end of the test."""
    with ExitStack() as running:
        yield lambda behave: running.enter_context(cloud(behave))


@pytest.fixture
def env(google) -> dict[str, str]:
    """How the programs find the metadata server."""
    return {"GCE_METADATA_HOST": google(metadata).host}


def secrets(google, **given):
    return fetching.google_secrets(endpoint=google(secret_manager).url, **given)


def test_secrets_become_files_and_variables(google, env, kubelet):
    wanted = {"db.json": "db", "old": "db/versions/3", "key": "projects/other/secrets/key"}
    stage = secrets(google, project="acme", files=wanted, environment={"PASSWORD": "db#password"})
    done = kubelet.run(stage, **env)
    assert done.code == 0, done.out
    found = files(kubelet.root / "secrets")
    assert (found["key"], found["old"]) == (bytes(range(256)), b"canary-old")
    assert kubelet_reads((kubelet.root / "environment" / "variables").read_text()) == {"PASSWORD": "canary-p4"}
    canary_free(stage, done, "canary", TOKEN)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("forbidden", "status 403: Permission 'secretmanager.versions.access' denied"),
        ("nothing", "status 404: Secret V"),
    ],
)
def test_a_refusal_is_told_in_googles_words_and_nothing_is_written(google, env, kubelet, name, told):
    done = kubelet.run(secrets(google, project="acme", files={"a": "db", "b": name}), **env)
    assert (done.code, files(kubelet.root / "secrets")) == (1, {})
    assert f"secret {name}: " in done.last
    assert told in done.last


def test_a_secret_that_changed_on_its_way(google, env, kubelet):
    payload = {
        "payload": {"data": b64encode(b"canary-x").decode(), "dataCrc32c": str(google_crc32c.value(b"canary-y"))}
    }
    stage = fetching.google_secrets(endpoint=google(lambda _: answer(payload)).url, project="acme", files={"a": "db"})
    done = kubelet.run(stage, **env)
    assert (done.code, "does not have its CRC-32C" in done.last) == (1, True)
    canary_free(stage, done, "canary")


def test_a_quota_that_is_used_up_passes(google, env, kubelet):
    replies = [refused(429, "Quota exceeded"), refused(503, "unavailable")]
    place = google(lambda asked: replies.pop(0) if replies else secret_manager(asked))
    done = kubelet.run(fetching.google_secrets(endpoint=place.url, project="acme", files={"a": "db"}), **env)
    assert done.code == 0, done.out
    assert "status 429: Quota exceeded" in done.out


def test_a_machine_that_is_not_googles(google, kubelet):
    other = google(lambda asked: answer({"access_token": "x", "expires_in": 9}))
    done = kubelet.run(secrets(google, project="acme", files={"a": "db"}), GCE_METADATA_HOST=other.host)
    assert (done.code, "not Google's metadata server" in done.last) == (1, True)


def test_a_machine_without_metadata(google, kubelet, port):
    stage = secrets(google, project="acme", files={"a": "db"}, timeout=12)
    done = kubelet.run(stage, GCE_METADATA_HOST=f"127.0.0.1:{port}")
    assert (done.code, "no Google credentials" in done.last) == (1, True)


def test_metadata_that_come_some_seconds_after_the_pod(google, kubelet):
    early = iter([Reply(503)] * 5)
    host = google(lambda asked: next(early, None) or metadata(asked)).host
    done = kubelet.run(secrets(google, project="acme", files={"a": "db"}), GCE_METADATA_HOST=host)
    assert done.code == 0, done.out


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """gcp-storage-emulator, with some objects in the bucket "models"."""
    port = free_port()
    words = ["-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    running = subprocess.Popen([sys.executable, *words, "--default-bucket=models"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    soon(lambda: is_up(url), within=30)
    for name, body in {"llama/a b+ü&%41.bin": BIG, "llama/deep/b.bin": b"b", "one": b"1"}.items():
        place = f"{url}/upload/storage/v1/b/models/o?uploadType=media&name={quote(name, safe='')}"
        urllib.request.urlopen(urllib.request.Request(place, body, {"Content-Type": "a/b"}, method="POST")).close()
    yield url
    running.kill()
    running.wait()


def is_up(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/storage/v1/b").close()
    except OSError:
        return False
    return True


def test_one_object(emulator, env, kubelet):
    done = kubelet.run(fetching.gcs("gs://models/one", endpoint=emulator), **env)
    assert done.code == 0, done.out
    assert data(kubelet) == {"one": b"1"}
    assert "md5 verified" in done.out


def test_all_below_a_folder_and_the_second_run(emulator, env, kubelet):
    stage = fetching.gcs("gs://models/llama/", endpoint=emulator)
    done = kubelet.run(stage, **env)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a b+ü&%41.bin": BIG, "deep/b.bin": b"b"}
    assert "unchanged" in kubelet.run(stage, **env).last


def test_a_missing_object(emulator, env, kubelet):
    done = kubelet.run(fetching.gcs("gs://models/nothing", endpoint=emulator), **env)
    assert (done.code, "status 404" in done.last) == (1, True)


def test_the_sha256_of_the_author(emulator, env, kubelet):
    done = kubelet.run(fetching.gcs("gs://models/one", endpoint=emulator, sha256="0" * 64), **env)
    assert (done.code, data(kubelet)) == (1, {})
    right = fetching.gcs("gs://models/one", endpoint=emulator, sha256=hashlib.sha256(b"1").hexdigest())
    assert kubelet.run(right, **env).code == 0


def store(body: bytes, **about: str) -> Callable[[Request], Reply]:
    """A bucket with two pages of one object each, both with this body."""

    def behave(asked: Request) -> Reply:
        assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
        if asked.query.get("alt") == "media":
            assert (asked.query["generation"], asked.headers["Accept-Encoding"]) == ("7", "gzip")
            return Reply(body=body, headers={"Content-Encoding": "gzip"})
        item = {"name": "a.bin", "size": str(len(body)), "generation": "7", **about}
        if "prefix" not in asked.query:
            return answer(item)
        return answer(
            {"items": [{**item, "name": "b/"}, {**item, "name": "b/c"}]}
            if "pageToken" in asked.query
            else {"items": [item], "nextPageToken": "more"}
        )

    return behave


def test_a_composite_object_has_only_a_crc32c(google, env, kubelet):
    """One that is stored compressed stays so."""
    claim = b64encode(google_crc32c.value(BIG).to_bytes(4, "big")).decode()
    done = kubelet.run(fetching.gcs("gs://models/", endpoint=google(store(BIG, crc32c=claim)).url), **env)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a.bin": BIG, "b/c": BIG}
    wrong = fetching.gcs("gs://models/a.bin", endpoint=google(store(BIG[1:] + b"x", crc32c=claim)).url)
    refused = kubelet.run(wrong, **env)
    assert (refused.code, "does not have the crc32c" in refused.last) == (1, True)
    assert data(kubelet)["a.bin"] == BIG


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"files": {"a": "db"}}, "of no project"),
        ({"files": {"a": "d b"}, "project": "acme"}, "must be the id"),
        ({"files": {"../a": "db"}, "project": "acme"}, "below the directory"),
        ({"files": {"a": "db", "a/b": "db"}, "project": "acme"}, "can't be a file below 'a'"),
        ({"environment": {"1A": "db"}, "project": "acme"}, "name of a variable"),
        ({"files": {"a": "db#"}, "project": "acme"}, "after '#'"),
        ({"files": {"a": "db"}, "project": "acme", "mode": "rw"}, "octal"),
        ({"files": {"a": "db"}, "project": "acme", "endpoint": "http://secrets.example"}, "must be https"),
        ({"project": "acme"}, "fetches nothing"),
    ],
)
def test_what_can_never_be_right_is_refused_at_once(given, told):
    with pytest.raises(ModelError, match=told):
        fetching.google_secrets(**given)


def test_the_argument_holds_what_was_asked_for_and_no_secret():
    spec = json.loads(fetching.google_secrets(project="acme", files={"a": "db"}).args[1])
    assert (spec["files"], spec["mode"], spec["project"]) == ({"a": "db"}, 0o400, "acme")
