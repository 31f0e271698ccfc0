"""`python -m benchmarks.waiting [--quick]`: how soon a wait notices its server, and what two minutes of waiting cost.

The peer is what people write: an init container for each server, a shell loop around `nc -z` that sleeps for a second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from initconstructs.model.volumes import InlineFiles, Volume
from initconstructs.presets import waiting
from initconstructs.presets.program import HOME

LOOP = 'until nc -z 127.0.0.1 "$1" 2>/dev/null; do sleep 1; done'
BESIDE = 5


@dataclass(frozen=True)
class Cost:
    """What processes took: CPU in seconds, their children's included, and the sum of their resident memories."""

    cpu_seconds: float
    resident_mib: float


def line(name: str, **figures: object) -> dict[str, object]:
    return {"name": name, **figures}


def program_files(wait: waiting.Wait) -> dict[str, str]:
    volume = wait.mounts[0].volume
    assert isinstance(volume, Volume)
    assert isinstance(volume.source, InlineFiles)
    return dict(volume.source.files)


def started(wait: waiting.Wait, folder: Path) -> subprocess.Popen[bytes]:
    """The wait's program, as its container would start it."""
    home = folder / "waiting"
    home.mkdir(exist_ok=True)
    for name, text in program_files(wait).items():
        (home / name).write_text(text)
    words = [word.replace(HOME, str(folder)) for word in wait.command or ()]
    return subprocess.Popen([sys.executable, *words[1:], *(wait.args or ())], stdout=subprocess.DEVNULL)  # noqa: S603


def five(host: str, ports: Iterable[int]) -> list[waiting.Wait]:
    kinds: tuple[Callable[..., waiting.Wait], ...] = (
        waiting.postgres,
        waiting.redis,
        waiting.rabbitmq,
        waiting.nats,
        waiting.memcached,
    )
    return [each(host, port=port) for each, port in zip(kinds, ports, strict=True)]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def absent(_: socket.socket) -> None:
    """Nothing listens."""


def hanging(listener: socket.socket) -> None:
    """Connections are taken, and nothing is ever said."""
    listener.listen(64)


def full(listener: socket.socket) -> None:
    """Connections are neither taken nor refused, as by a firewall: the queue for them is full."""
    listener.listen(0)
    for _ in range(2):
        with suppress(OSError):
            socket.create_connection(listener.getsockname(), 0.05)


def notice(before: Callable[[socket.socket], None]) -> float:
    """Seconds from the moment at which a server answers to the end of the wait."""
    with TemporaryDirectory() as folder, closing(socket.socket()) as first, closing(socket.socket()) as second:
        for each in (first, second):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        port = free_port()
        if before is not absent:
            first.bind(("127.0.0.1", port))
            before(first)
        process = started(waiting.redis("127.0.0.1", port=port, timeout="1m"), Path(folder))
        time.sleep(random.uniform(1, 12))  # noqa: S311
        first.close()
        second.bind(("127.0.0.1", port))
        second.listen(64)
        up = time.monotonic()
        threading.Thread(target=answer, args=(second,), daemon=True).start()
        assert process.wait() == 0
        return time.monotonic() - up


def answer(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"+PONG\r\n")


def notices(rounds: int) -> Iterator[dict[str, object]]:
    for before in (absent, hanging, full):
        with ThreadPoolExecutor(BESIDE) as pool:
            found = sorted(pool.map(notice, [before] * rounds))
        ninety_fifth = quantiles(found, n=20)[-1] if rounds > 1 else found[0]
        figures = {"median": median(found), "95th of 100": ninety_fifth, "most": found[-1]}
        about = (before.__doc__ or "").strip().rstrip(".")
        seconds = {name: round(value, 2) for name, value in figures.items()}
        yield line("a wait notices its server after", before=about, rounds=rounds, unit="s", **seconds)


def costs(seconds: int) -> Iterator[dict[str, object]]:
    ports = [free_port() for _ in range(5)]
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(2)]
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(5)]
        absent_ones, hanging_ones = five("127.0.0.1", ports), five_by_tls("127.0.0.1", silent)
        running = {
            "absent servers, waiting.all_of: one container": [started(waiting.all_of(*absent_ones), folders[0])],
            "absent servers, nc in a loop: five containers": [loop(port) for port in ports],
            "servers that hang, waiting.all_of over TLS": [started(waiting.all_of(*hanging_ones), folders[1])],
        }
        time.sleep(seconds)
        for name, processes in running.items():
            cost = ended(processes)
            cpu, resident = round(cost.cpu_seconds, 2), round(cost.resident_mib, 1)
            about = f"waiting {seconds} s for five {name}"
            yield line(about, processes=len(processes), cpu_seconds=cpu, resident_mib=resident)


def loop(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sh", "-c", LOOP, "sh", str(port)])  # noqa: S603, S607


def five_by_tls(host: str, ports: Iterable[int]) -> list[waiting.Wait]:
    kinds: tuple[Callable[..., waiting.Wait], ...] = (
        waiting.redis,
        waiting.rabbitmq,
        waiting.kafka,
        waiting.mongodb,
        waiting.elasticsearch,
    )
    return [each(host, port=port, tls=waiting.Tls()) for each, port in zip(kinds, ports, strict=True)]


def ended(processes: list[subprocess.Popen[bytes]]) -> Cost:
    used = []
    resident = sum(resident_mib(each.pid) for each in processes)
    for each in processes:
        each.kill()
        _, status, usage = os.wait4(each.pid, 0)
        each.returncode = os.waitstatus_to_exitcode(status)
        used.append(usage)
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    return Cost(cpu_seconds=cpu, resident_mib=resident)


def resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def sizes() -> Iterator[dict[str, object]]:
    waits = five("db", range(1, 6))
    for name, found in (("one container", [waiting.all_of(*waits)]), ("five containers", waits)):
        size = sum(len(text.encode()) for each in found for text in program_files(each).values())
        yield line("waiting for five servers: program text in the manifest", how=name, bytes=size)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waiting", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes: it runs, the figures mean nothing")
    quick = parser.parse_args().quick
    for figures in (sizes(), costs(1 if quick else 120), notices(2 if quick else 60)):
        for each in figures:
            print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
