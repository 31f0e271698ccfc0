"""An API server for the tests: it knows Pods, ConfigMaps and Namespaces, and answers as the test tells it to."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "s3cret-t0ken"
Reply = tuple[int, Any, list[str]]
"""Code, body, Warning headers."""

ECHO = object()
HANG_UP = object()


def resource(name: str, kind: str, scope: str = "Namespaced") -> dict[str, Any]:
    response = {"group": "", "version": "v1", "kind": kind}
    return {"resource": name, "responseKind": response, "scope": scope, "verbs": ["create"]}


RESOURCES = [
    resource("pods", "Pod"),
    resource("configmaps", "ConfigMap"),
    resource("namespaces", "Namespace", "Cluster"),
]
DISCOVERY = {"items": [{"metadata": {}, "versions": [{"version": "v1", "resources": RESOURCES}]}]}


class ApiServer:
    """`answers` holds, by the name of an object, (code, body, warning headers); anything else is created as sent."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, Reply] = {}
        self.requests: list[tuple[str, str]] = []
        self.discovery: Any = DISCOVERY
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.authority = certificate(folder)
        if self.authority:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self.authority, folder / "key.pem")
            tls.load_verify_locations(self.authority)
            tls.verify_mode = ssl.CERT_OPTIONAL
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if self.authority else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, sent: Any) -> Reply:
        if method == "GET":
            return 200, self.discovery if path == "/api" else {"items": []}, []
        if method == "DELETE":
            return 200, {}, []
        name = (sent.get("metadata") or {}).get("name", "")
        for key in (f"{path.partition('?')[0]}/{name}", name):
            if key in self.answers:
                code, body, warnings = self.answers[key]
                return code, sent if body is ECHO else body, warnings
        return 201, sent, []

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
                stub.requests.append((self.command, self.path))
                self.reply(*(stub.answer(self.command, self.path, sent) if self.is_authorized() else UNAUTHORIZED))

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - the names that http.server looks for

            def is_authorized(self) -> bool:
                if isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert():
                    return True
                return self.headers.get("Authorization") == f"Bearer {TOKEN}"

            def reply(self, code: int, body: Any, warnings: list[str]) -> None:
                data = b"" if body is HANG_UP else json.dumps(body).encode()
                self.send_response(code)
                for warning in warnings:
                    self.send_header("Warning", warning.encode().decode("latin-1"))
                self.send_header("Content-Length", str(len(data) or 1000))
                self.end_headers()
                self.wfile.write(data or b'{"kind": "Sta')
                self.close_connection = body is HANG_UP

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
                """The test looks at the requests instead."""

        return Handler


UNAUTHORIZED: Reply = (401, {"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}, [])


def certificate(folder: Path) -> Path | None:
    """A certificate that is its own authority; without openssl the server speaks plain http."""
    if not shutil.which("openssl"):
        return None
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=stub"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "authority.pem")]
    command = ["openssl", *options.split(), "-addext", "subjectAltName=IP:127.0.0.1", *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "authority.pem"


def status(code: int, reason: str, message: str, *causes: tuple[str, str, str]) -> dict[str, Any]:
    details = [dict(zip(("reason", "field", "message"), cause, strict=True)) for cause in causes]
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": {"causes": details}}


def namespace_in(path: str) -> str:
    found = re.search("/namespaces/([^/?]+)", path)
    return found[1] if found else ""
