"""Waits for names and for HTTP: a name server, and answers that HTTP allows."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from initconstructs.presets import waiting
from tests.presets.waiting_words import program_module, until_it_says


class TestDns:
    """Against dnsmasq, in a network of its own whose only name server it is."""

    SCRIPT = """
        ip link set lo up && echo nameserver 127.0.0.1 > "$1/resolv.conf" || exit 77
        mount --bind "$1/resolv.conf" /etc/resolv.conf || exit 77
        until [ -e "$1/go" ]; do sleep 0.1; done && "$2" -d -C /dev/null --pid-file= --user=root \\
            --bind-interfaces --listen-address=127.0.0.1 --no-resolv --no-hosts \\
            --host-record=kafka.test,10.0.0.1 --host-record=kafka.test,10.0.0.2 \\
            --host-record=pod.test,10.0.0.3,fd00::3 &
        shift 2; "$@"; exit "$?"  # as process 1, it takes the name server along
    """

    def run(self, kubelet, servers, tmp_path: Path, wait: waiting.Wait):
        """The name server starts once it has been missed."""
        (dnsmasq,) = servers.need("dnsmasq")
        if subprocess.run(["unshare", "-rmnpf", "true"], capture_output=True, check=False).returncode:
            servers.lack("this machine gives no namespaces, so no name server can stand in for its own")
        wrap = ["unshare", "-rmnpf", "bash", "-c", self.SCRIPT, "sh", str(tmp_path), dnsmasq]
        started = kubelet.start(wait, wrap=wrap, PATH="/usr/sbin:/usr/bin:/sbin:/bin")
        until_it_says(started, "the name does not resolve")
        (tmp_path / "go").touch()
        return started.finish(40)

    def test_passes_when_the_name_has_enough_addresses(self, kubelet, servers, tmp_path):
        finished = self.run(kubelet, servers, tmp_path, waiting.dns("kafka.test", at_least=2, timeout=30))
        assert finished.code == 0, finished.out + finished.err

    @pytest.mark.parametrize(("name", "at_least", "found"), [("kafka.test", 3, 2), ("pod.test", 2, 1)])
    def test_says_how_many_addresses_of_one_family_there_are(
        self, name, at_least, found, *, kubelet, servers, tmp_path
    ):
        finished = self.run(kubelet, servers, tmp_path, waiting.dns(name, at_least=at_least, timeout=8))
        seen = f"resolves to {found} of {at_least} addresses"
        assert (finished.code, seen in finished.last) == (1, True), finished.out


class TestHttp:
    def serve(self, fake, answer: bytes) -> str:
        def talk(connection: socket.socket) -> None:
            connection.recv(4096)
            connection.sendall(answer)

        return f"http://127.0.0.1:{fake(talk).port}/health?full=1"

    @pytest.mark.parametrize(
        ("status", "options", "code"),
        [
            ("204 No Content", {}, 0),
            ("302 Found", {}, 0),
            ("404 Not Found", {}, 1),
            ("404 Not Found", {"status": 404}, 0),
            ("200 OK", {"status": (201, 204)}, 1),
            ("200 OK", {"body": "ready"}, 0),
            ("200 OK", {"body": "steady"}, 1),
        ],
    )
    def test_status_and_body(self, status, options, code, kubelet, fake):
        body = "" if status.startswith("204") else "all ready"
        url = self.serve(fake, f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        assert kubelet.run(waiting.http(url, timeout=2 if code else 20, **options)).code == code

    @pytest.mark.parametrize("body", [b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n\r\n", b"\r\nhalf"])
    def test_a_body_of_unknown_length(self, body, kubelet, fake):
        url = self.serve(fake, b"HTTP/1.1 200 OK\r\n" + body)
        assert kubelet.run(waiting.http(url, body="half", timeout=20)).code == 0

    @pytest.mark.parametrize(
        "body", [b"Content-Length: 100\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"]
    )
    def test_a_body_that_breaks_off_does_not_pass(self, body, kubelet, fake):
        finished = kubelet.run(waiting.http(self.serve(fake, b"HTTP/1.1 200 OK\r\n" + body), body="half", timeout=3))
        assert (finished.code, finished.last.split(": ")[-1]) == (1, "closed the connection half-way")

    def test_certificates_are_verified(self, kubelet, tls_server, tmp_path):
        port, authority = tls_server
        url = f"https://localhost:{port}/"
        unknown = kubelet.run(waiting.http(url, timeout=4))
        assert (unknown.code, "certificate" in unknown.last) == (1, True), unknown.out
        trusting = waiting.http(url, tls=waiting.Tls(ca_file="/ca/ca.crt"), timeout=20)
        assert kubelet.run(trusting, mounts={"/ca": authority.parent}).code == 0
        assert kubelet.run(waiting.http(url, tls=waiting.Tls(verify=False), timeout=20)).code == 0
        missing = kubelet.run(waiting.http(url, tls=waiting.Tls(ca_file="/none/ca.crt"), timeout=2))
        assert missing.last.endswith("/none/ca.crt is not there"), missing.out

    @pytest.mark.parametrize(("url", "port"), [("http://[::1]/", 80), ("https://[::1]/x", 443), ("http://[::1]:8/", 8)])
    def test_an_address_of_version_6_needs_no_port(self, url, port, monkeypatch):
        places = []
        http = program_module("http", monkeypatch)
        monkeypatch.setattr(http, "connected", lambda *place: places.append(place[:2]))
        http.open_connection({}, url, 1)
        assert places == [("::1", port)]
