"""Look at what the app needs, and refuse to start it where something is wrong.

    python3 -c 'from checking.check import start; start()' SECONDS '{"check": "device", "path": "/dev/kvm"}' ...

Exit code: 0 all is well, 1 something is not, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
Needs Python 3.8 or newer and nothing else; the module named by "check" has `problems(spec)`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any


def problems(spec: Mapping[str, Any]) -> list[str]:
    """What is wrong, in words; never what a secret holds."""
    module = importlib.import_module(f".{spec['check']}", __package__)
    found = []
    try:
        for each in module.problems(spec):
            found.append(each)  # one by one: what was found before an error counts
    except OSError as error:
        found.append(f"{error.filename or spec.get('path') or spec['check']}: {error.strerror}")
    except ValueError as error:  # a manifest may name a file with a zero byte
        found.append(f"{spec.get('path') or spec['check']}: {error}")
    return found


def run(specs: list[Mapping[str, Any]]) -> int:
    """Look at all of them, so that one run says all that is wrong."""
    found = [problem for spec in specs for problem in problems(spec)]
    for each in found:
        print(" ".join(each.split()).encode("utf-8", "backslashreplace").decode(), flush=True)
    if not found:
        print(f"{len(specs)} checked: all is well", flush=True)
    return 1 if found else 0


def start() -> None:
    """What the container runs."""
    try:
        seconds, specs = int(sys.argv[1]), [json.loads(word) for word in sys.argv[2:]]
    except (IndexError, ValueError):
        print("usage: SECONDS JSON...", flush=True)
        sys.exit(2)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=watch, args=(seconds,), daemon=True).start()
    sys.exit(run(specs))


def watch(seconds: int) -> None:
    """End it when it is asked to stop or the deadline comes, in a thread: a read from a lost server heeds no signal."""
    if signal.sigtimedwait({signal.SIGTERM}, seconds):
        os._exit(143)
    os.write(1, f"gave up after {seconds} s\n".encode())
    os._exit(124)
