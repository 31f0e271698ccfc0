"""A network of its own for a pod, with a neighbour on the same link, and connections in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_ANSWER = """
import os, socket, sys, threading
def serve(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    os.write(1, b"listening\\n")
    while True:
        connection, _ = listener.accept()
        connection.sendall(str(port).encode())
        connection.close()
for port in sys.argv[1:]:
    threading.Thread(target=serve, args=(int(port),)).start()
"""
_ASK = """
import encodings.idna, os, socket, sys
if int(sys.argv[3]):  # here and not by setpriv, as that user may not be allowed to read this Python
    os.setgroups([])
    os.setuid(int(sys.argv[3]))
try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 15).recv(9).decode())
except OSError as error:
    print(type(error).__name__)
"""


@dataclass
class Network:
    """The namespace of a process; `enter` are the words that run a command in it."""

    process: subprocess.Popen[bytes]
    enter: Sequence[str]

    def run(self, *words: str) -> str:
        return subprocess.run([*self.enter, *words], check=True, capture_output=True, text=True, timeout=20).stdout

    def ask(self, host: str, port: int, *, user: int = 0) -> str:
        """The port that answers a connection of this user to this one."""
        return self.run(sys.executable, "-Sc", _ASK, host, str(port), str(user)).strip()

    @contextmanager
    def listening(self, *ports: int) -> Iterator[None]:
        """Each port says which one it is."""
        words = [*self.enter, sys.executable, "-Sc", _ANSWER, *map(str, ports)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout is not None
                for _ in ports:
                    assert server.stdout.readline() == b"listening\n"
                yield
            finally:
                server.kill()


def _made(words: Sequence[str], enter: Sequence[str]) -> Network:
    process = subprocess.Popen([*words, "sh", "-c", "echo ready; exec sleep 120"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return Network(process, [*enter, f"--target={process.pid}"])


def _unshare() -> list[str]:
    """Without root, in a user namespace where root is the only user."""
    return ["unshare", "--net", *(["--map-root-user"] if os.getuid() else [])]


def namespaces_are_allowed() -> bool:
    return subprocess.run([*_unshare(), "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


@contextmanager
def pod_and_neighbour() -> Iterator[tuple[Network, Network]]:
    """10.1.0.1 and fd00::1, 10.1.0.2 and fd00::2."""
    own = ["--user", "--preserve-credentials"] if os.getuid() else []
    pod = _made(_unshare(), ["nsenter", "--net", *own])
    neighbour = _made([*pod.enter, "unshare", "--net"], ["nsenter", "--net", *own])
    try:
        pod.run(
            "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", str(neighbour.process.pid)
        )
        for number, each in enumerate((pod, neighbour), 1):
            each.run("ip", "link", "set", "lo", "up")
            each.run("ip", "addr", "add", f"10.1.0.{number}/24", "dev", "eth0")
            each.run("ip", "addr", "add", f"fd00::{number}/64", "dev", "eth0", "nodad")
            each.run("ip", "link", "set", "eth0", "up")
        yield pod, neighbour
    finally:
        for each in (pod, neighbour):
            each.process.kill()
            each.process.communicate()
