"""Trust and identity, as rendered: read by openssl, by Java's keytool and its TLS client, and by a TLS server."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initconstructs import ModelError
from initconstructs.presets import networking
from tests.presets.configuring_shells import on_small_disk
from tests.presets.issued import issued

__all__ = ["on_small_disk"]

TOOLS = ("cat", "chmod", "cp", "mktemp", "mv", "rm", "sleep")
JAVA = """
public class Ask {
    public static void main(String[] args) throws Exception {
        var socket = javax.net.ssl.SSLSocketFactory.getDefault().createSocket("localhost", Integer.parseInt(args[0]));
        ((javax.net.ssl.SSLSocket) socket).startHandshake();
        System.out.print(new String(socket.getInputStream().readAllBytes()));
    }
}
"""


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers, tmp_path) -> str:
    """A directory with one shell, its own tools, and openssl."""
    (shell,) = servers.need(request.param)
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to(shell)
    for tool in TOOLS:
        (place / tool).symlink_to(shell if request.param == "busybox" else servers.need(tool)[0])
    (place / "openssl").symlink_to(servers.need("openssl")[0])
    return str(place)


@pytest.fixture
def out(tmp_path) -> Path:
    made = tmp_path / "certificates"
    made.mkdir()
    return made


def openssl(*words: object) -> str:
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True).stdout


def authority(home: Path, name: str, *words: str) -> Path:
    """A file with a new authority's certificate."""
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"]
    openssl(*new, "-keyout", home / f"{name}.key", "-out", home / f"{name}.crt", *(words or ["-days", "2"]))
    return home / f"{name}.crt"


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def pem(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def cut_short(home: Path) -> Path:
    """A good certificate, and one whose end is missing."""
    text = authority(home, "good").read_text()
    return write(home / "cut", text + text[:300])


def leaf(home: Path) -> Path:
    return authority(home, "leaf", "-days", "2", "-addext", "basicConstraints=critical,CA:FALSE")


def expired(home: Path) -> Path:
    return issued(home, "expired", -60, -30)


def serve(certificate: Path, key: Path) -> tuple[int, threading.Thread]:
    """The port of a TLS server that says hello once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def once() -> None:
        with listener, context.wrap_socket(listener.accept()[0], server_side=True) as connection:
            connection.sendall(b"hello")

    thread = threading.Thread(target=once, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


def bundle(kubelet, out: Path, *sources: Path, **given: Any):
    stage = networking.ca_bundle(*map(str, sources), **given)
    return kubelet.run(stage, mounts={"/certificates": out})


def test_java_and_openssl_trust_what_the_bundle_holds(kubelet, servers, out, tmp_path):
    keytool, java, _ = servers.need("keytool", "java", "javac")
    own = authority(tmp_path, "localhost")
    first = bundle(kubelet, out, own)
    assert (first.code, first.err) == (0, "")
    count = (out / "ca-bundle.crt").read_text().count("BEGIN CERTIFICATE")
    assert first.last == f"{count} certificates; wrote ca-bundle.crt, truststore.p12"
    listed = [keytool, "-list", "-keystore", out / "truststore.p12", "-storepass", "changeit"]
    shown = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    assert shown.count("trustedCertEntry") == count > 50
    assert openssl("verify", "-CAfile", out / "ca-bundle.crt", own) == f"{own}: OK\n"
    port, thread = serve(own, own.with_suffix(".key"))
    (tmp_path / "Ask.java").write_text(JAVA)
    trusting = networking.trust_environment(str(out), java=True)["JAVA_TOOL_OPTIONS"].split()
    said = subprocess.run(
        [java, *trusting, tmp_path / "Ask.java", str(port)], capture_output=True, text=True, check=False
    )
    assert said.stdout == "hello", said.stderr
    thread.join(5)


def test_the_store_is_what_openssl_reads_too_and_its_seal_holds(kubelet, servers, out, tmp_path):
    servers.need("openssl")
    assert bundle(kubelet, out, authority(tmp_path, "one"), authority(tmp_path, "two"), system=False).code == 0
    store = out / "truststore.p12"
    assert openssl("pkcs12", "-in", store, "-nokeys", "-passin", "pass:changeit").count("BEGIN CERTIFICATE") == 2
    with pytest.raises(subprocess.CalledProcessError):
        openssl("pkcs12", "-in", store, "-nokeys", "-passin", "pass:wrong")


def test_a_second_run_writes_nothing_and_a_changed_source_is_taken(kubelet, out, tmp_path):
    sources = tmp_path / "sources"
    (sources / "..data").mkdir(parents=True)
    authority(sources, "one")
    (sources / "one.key").unlink()
    assert bundle(kubelet, out, sources, system=False).last == "1 certificates; wrote ca-bundle.crt, truststore.p12"
    before = (out / "truststore.p12").stat()
    assert bundle(kubelet, out, sources, system=False).last == "1 certificates; wrote nothing: all is there"
    assert (out / "truststore.p12").stat().st_mtime_ns == before.st_mtime_ns
    assert before.st_mode & 0o777 == 0o444
    authority(sources, "two")
    (sources / "two.key").unlink()
    assert bundle(kubelet, out, sources, system=False).last.startswith("2 certificates; wrote ca-bundle.crt")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda home: home / "none", "none: No such file or directory"),
        (lambda home: write(home / "empty", ""), "empty: has no certificate"),
        (lambda home: write(home / "bad", pem("MIIB")), "bad: is no certificate"),
        (lambda home: write(home / "text", pem("!")), "text: is no certificate"),
        (cut_short, "cut: certificate 2 is cut short"),
        (leaf, "leaf.crt: holds a certificate that is no authority's"),
        (expired, "expired.crt: holds a certificate that expired on"),
    ],
    ids=["missing", "empty", "broken", "no base64", "cut short", "no authority", "expired"],
)
def test_a_source_that_is_not_to_be_trusted_is_named(kubelet, out, tmp_path, made, said):
    finished = bundle(kubelet, out, made(tmp_path), system=False)
    assert finished.code == 1
    assert said in finished.last
    assert list(out.iterdir()) == []


def test_what_a_killed_run_left_is_in_nobodys_way(kubelet, out, tmp_path):
    """It may be read-only already; root would write to it, unless it may not override."""
    (out / ".ca-bundle.crt.new").write_text("half")
    (out / ".ca-bundle.crt.new").chmod(0o444)
    stage = networking.ca_bundle(str(authority(tmp_path, "own")), system=False)
    without_rights = ["/usr/bin/setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    finished = kubelet.run(stage, mounts={"/certificates": out}, wrap=without_rights)
    assert (finished.code, finished.out) == (0, "1 certificates; wrote ca-bundle.crt, truststore.p12\n")
    assert {each.name for each in out.iterdir()} == {"ca-bundle.crt", "truststore.p12"}


def test_a_full_disk_is_named(kubelet, out, on_small_disk):
    finished = kubelet.run(networking.ca_bundle(), mounts={"/certificates": out}, wrap=on_small_disk(out, "size=16k"))
    assert (finished.code, finished.out.splitlines()[0]) == (1, f"{out}: No space left on device")


def test_gives_up_at_the_deadline(kubelet, out, tmp_path):
    """A pipe that nobody writes hangs, as a file of a lost server does."""
    os.mkfifo(tmp_path / "pipe")
    late = bundle(kubelet, out, tmp_path / "pipe", system=False, timeout=1)
    assert (late.code, late.last) == (124, "gave up after 1 s")


def test_an_expired_authority_is_taken_where_it_is_allowed(kubelet, servers, out, tmp_path):
    servers.need("openssl")
    assert bundle(kubelet, out, expired(tmp_path), system=False, allow_expired=True).code == 0


NAMES = ["localhost", "*.shop.svc", "10.0.0.1", "fd00::1"]


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_a_certificate_signs_itself_and_serves(kubelet, path, out, key):
    stage = networking.self_signed_certificate(NAMES, days=10, key=key)
    first = kubelet.run(stage, mounts={"/certificates": out}, PATH=path)
    assert (first.code, first.last) == (0, f"certificate: made tls.crt for {' '.join(NAMES)}")
    modes = {each.name: each.stat().st_mode & 0o777 for each in out.iterdir()}
    assert modes == {"tls.key": 0o400, "tls.crt": 0o444, "ca.crt": 0o444}
    assert (out / "tls.key").read_text().splitlines()[1] not in first.out + first.err
    for name in ("localhost", "a.shop.svc"):
        openssl("verify", "-CAfile", out / "ca.crt", "-verify_hostname", name, out / "tls.crt")
    for address in NAMES[2:]:
        openssl("verify", "-CAfile", out / "ca.crt", "-verify_ip", address, out / "tls.crt")
    port, thread = serve(out / "tls.crt", out / "tls.key")
    context = ssl.create_default_context(cafile=str(out / "ca.crt"))
    with context.wrap_socket(socket.create_connection(("localhost", port)), server_hostname="localhost") as client:
        assert client.recv(9) == b"hello"
    thread.join(5)


def test_what_is_good_is_kept_and_what_is_not_is_made_anew(kubelet, path, out):
    def run(names: list[str], days: int = 10) -> str:
        stage = networking.self_signed_certificate(names, days=days)
        return kubelet.run(stage, mounts={"/certificates": out}, PATH=path).last.split(": ")[1]

    kept, made = "tls.crt is there, kept", "made tls.crt for localhost"
    assert [run(["localhost"]), run(["localhost"])] == [made, kept]
    assert run(["localhost"], days=30) == made  # less than half of its days to come
    (out / "tls.key").unlink()  # as after a kill between the two
    (out / ".new.killed").mkdir()
    assert [run(["localhost"]), run(["localhost"])] == [made, kept]
    assert run(["localhost", "other"]) == "made tls.crt for localhost other"
    (out / "tls.crt").chmod(0o644)
    (out / "tls.crt").write_text("torn")
    assert run(["localhost"]) == made
    assert sorted(each.name for each in out.iterdir()) == ["ca.crt", "tls.crt", "tls.key"]


def test_an_openssl_that_hangs_is_given_up_at_the_deadline(kubelet, path, out):
    openssl = Path(path) / "openssl"
    openssl.unlink()
    openssl.write_text("#!/bin/sh\nexec sleep 20 >/dev/null 2>&1\n")
    openssl.chmod(0o755)
    stage = networking.certificate_request(["shop"], timeout=1)
    started = kubelet.start(stage, mounts={"/certificates": out}, PATH=path)
    assert started.process.wait(15) == 124
    os.killpg(started.process.pid, signal.SIGKILL)  # the tool that hangs, which ends with its container
    assert not list(out.glob("tls.*"))


def test_a_request_holds_the_names_and_is_kept(kubelet, path, out):
    stage = networking.certificate_request(NAMES, key_mode=0o440)
    runs = [kubelet.run(stage, mounts={"/certificates": out}, PATH=path).last for _ in range(2)]
    assert runs == [f"certificate: made tls.csr for {' '.join(NAMES)}", "certificate: tls.csr is there, kept"]
    text = openssl("req", "-in", out / "tls.csr", "-noout", "-text", "-verify")
    assert "DNS:localhost, DNS:*.shop.svc, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1" in text
    assert (out / "tls.key").stat().st_mode & 0o777 == 0o440


def test_a_directory_that_can_not_be_written_fails_it(kubelet, path, out):
    finished = kubelet.run(networking.certificate_request(["shop"]), mounts={"/certificates": out / "none"}, PATH=path)
    assert finished.code != 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.text(max_size=60)
    | st.sampled_from(["shop,DNS:other", "shop/CN=x", "$(HOME)", "`id`", "a\nb", "-x", "fe80::1%e"])
)
def test_any_text_is_a_name_of_the_certificate_or_refused(text):
    try:
        stage = networking.self_signed_certificate([text])
    except ModelError:
        return
    assert stage.args is not None
    assert set(stage.args[-1]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:*")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.text(max_size=60) | st.sampled_from(["$(HOME)", "$$", "a\nb", "'\"", "{}", "é" * 2000]))
def test_any_text_reaches_the_bundle_as_a_path_or_is_refused(kubelet, out, text):
    try:
        finished = bundle(kubelet, out, Path("/none") / text.lstrip("/"), system=False)
    except (ModelError, ValueError):
        return
    assert finished.code == 1
    assert finished.out.startswith("/none")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: networking.ca_bundle(system=False),
        lambda: networking.ca_bundle("relative"),
        lambda: networking.self_signed_certificate([]),
        lambda: networking.self_signed_certificate(["shop"], days=0),
        lambda: networking.self_signed_certificate(["shop"], key_mode=0o444),
        lambda: networking.self_signed_certificate(["1.2.3"]),
        lambda: networking.trust_environment("trust"),
        lambda: networking.trust_environment("/a b", java=True),
        lambda: networking.trust_environment("/a", java="no"),  # type: ignore[arg-type]
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
