"""OCI artifacts, against a registry over TLS that is written from the specification."""

from __future__ import annotations

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ConfigMapFiles, ModelError, Volume
from initconstructs.presets import fetching
from tests.presets.conftest import QuietHandler
from tests.presets.fetching_clouds import canary_free, data
from tests.presets.fetching_hub import Registry
from tests.presets.test_fetching_https import packed

TITLE, UNPACK = "org.opencontainers.image.title", "io.deis.oras.content.unpack"
BODY = os.urandom(50_000)
FILE = ({TITLE: "geo.db"}, BODY)
LOGIN = "robot:canary-password"


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


@pytest.fixture
def fetch(kubelet, https, tmp_path):
    """Run the stage against a registry."""

    def run(registry, reference="1.0", auths=None, **options):
        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802 -- as the base class calls it
                path, _, query = self.path.partition("?")
                reply = registry(path, query, self.headers.get("Authorization", ""))
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

        with https.serve(Handler) as port:
            host = f"127.0.0.1:{port}"
            registry.base = f"https://{host}"
            login = tmp_path / "login"
            login.mkdir(exist_ok=True)
            (login / "config.json").write_text(json.dumps({"auths": {host: auths or {}}}))
            ca = Volume("ca", ConfigMapFiles("ca")).at("/ca")
            mark = "@" if reference.startswith("sha256:") else ":"
            given = {"pull_secret": "regcred"} if auths else {}
            stage = fetching.oci(
                f"{host}/acme/geo{mark}{reference}", timeout=16, ca_file="/ca/ca.crt", mounts=[ca], **given, **options
            )
            done = kubelet.run(stage, mounts={"/ca": https.certificate, "/var/run/secrets/registry": login})
        canary_free(stage, done, "canary", base64.b64encode(LOGIN.encode()).decode())
        return done

    return run


def test_fetches_files_and_directories_by_tag_and_then_nothing(fetch, kubelet):
    directory = ({TITLE: "maps", UNPACK: "true"}, packed("tar:gz", {"maps/a": b"a", "maps/b": b"b"}))
    registry = Registry([FILE, directory])
    done = fetch(registry)
    assert (done.code, data(kubelet)) == (0, {"geo.db": BODY, "maps/a": b"a", "maps/b": b"b"}), done.out
    assert "are there already" in last(fetch(registry))


@pytest.mark.parametrize(
    "auth",
    [
        {"auth": base64.b64encode(LOGIN.encode()).decode()},
        dict(zip(("username", "password"), LOGIN.split(":"), strict=True)),
    ],
    ids=["auth", "pair"],
)
@pytest.mark.parametrize("basic", [False, True], ids=["bearer", "basic"])
def test_logs_in_as_the_registry_asks(fetch, kubelet, auth, basic):
    done = fetch(Registry([FILE], login=LOGIN, basic=basic), auths=auth)
    assert (done.code, data(kubelet)) == (0, {"geo.db": BODY}), done.out


def test_logs_in_again_when_its_token_has_expired(fetch, kubelet):
    registry = Registry([FILE, ({TITLE: "b"}, b"b"), ({TITLE: "c"}, b"c")], login=LOGIN, uses=2)
    done = fetch(registry, auths=dict(zip(("username", "password"), LOGIN.split(":"), strict=True)))
    assert (done.code, data(kubelet)) == (0, {"geo.db": BODY, "b": b"b", "c": b"c"}), done.out
    assert registry.tokens == 2


def test_a_digest_that_is_there_and_unchanged_asks_nobody(fetch, kubelet):
    registry = Registry([FILE])
    assert fetch(registry, registry.digest).code == 0
    asked = len(registry.asked)
    again = fetch(registry, registry.digest)
    assert (last(again), len(registry.asked)) == (f"all files of {registry.digest} are there already, unchanged", asked)
    (kubelet.root / "data/geo.db").write_bytes(b"changed")
    assert fetch(registry, registry.digest).code == 0
    assert data(kubelet) == {"geo.db": BODY}


@pytest.mark.parametrize(
    ("registry", "options", "why"),
    [
        (Registry([FILE], lies={"manifest": b"{}"}), {}, "the manifest's digest is"),
        (Registry([FILE], lies={"blob": b"x" * 50_000}), {}, "geo.db: has sha256"),
        (Registry([FILE], lies={"blob": b"x"}), {}, "geo.db: has 1 bytes"),
        (Registry([FILE]), {"reference": "2.0"}, "status 404: manifest unknown"),
        (Registry([FILE], login=LOGIN), {"auths": {"username": "x", "password": "y"}}, "status 401: login refused"),
        (Registry([FILE], login=LOGIN, basic=True), {}, "offers no login that this program knows"),
        (Registry([({}, BODY)]), {}, "this is an image and no artifact"),
        (Registry([], config={"manifests": []}), {}, "has no layers"),
        (Registry([({TITLE: "../out"}, BODY)]), {}, "'../out' is no path below the directory"),
        (Registry([({TITLE: "d", UNPACK: "true"}, packed("tar:", {"../out": b""}))]), {}, "is no path below"),
    ],
    ids=["manifest", "blob", "size", "tag", "login", "no-login", "image", "index", "path", "archive"],
)
def test_a_refusal_is_final_and_hands_over_nothing(fetch, kubelet, registry, options, why):
    done = fetch(registry, **options)
    assert (done.code, why in last(done), data(kubelet)) == (1, True, {}), done.out


@given(st.text(max_size=40) | st.sampled_from(["ghcr.io/a/b:$(X)", "ghcr.io/a/b:c\n", "ghcr.io/a/b@sha256:zz"]))
def test_any_text_that_is_no_reference_is_refused(text):
    with pytest.raises(ModelError, match="registry/name:tag"):
        fetching.oci(text)


@pytest.mark.parametrize(
    "reference", ["acme/geo:1.0", "ghcr.io/acme/geo", "ghcr.io/Acme/geo:1", "https://ghcr.io/a/b:1"]
)
def test_what_is_not_written_out_is_refused(reference):
    with pytest.raises(ModelError, match="the registry written out"):
        fetching.oci(reference)
