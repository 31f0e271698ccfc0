"""The app of a cdk8s project: what cdk8s.yaml says of it, and running it as `cdk8s synth` does.

Source: src/cli/cmds/synth.ts, src/util.ts and src/cli/index.ts of cdk8s-team/cdk8s-cli.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePath

from initconstructs.cli.options import Unusable
from initconstructs.cli.stops import uninterrupted
from initconstructs.manifests.unreadable import UnreadableManifest
from initconstructs.manifests.yaml_in import load_yaml

CONFIG = "cdk8s.yaml"
_STOP_S = 5
_LOOK_S = 10
_LACKS_CDK8S = 3
_LOOK = f"import importlib.util as u, sys; sys.exit(0 if u.find_spec('cdk8s') else {_LACKS_CDK8S})"


@dataclass(frozen=True, slots=True)
class App:
    """The shell command that runs the app, and the directory that its manifests go to."""

    command: str
    output: Path


def read_app(command: str | None, output: str | None, *, validate: bool) -> App:
    """The app of the working directory; arguments win over CDK8S_APP and CDK8S_OUTPUT, those over cdk8s.yaml.

    Raises Unusable where no app is named, and for what only cdk8s-cli can do: Helm charts and plugins of npm.
    """
    config = _config()
    command = command or os.environ.get("CDK8S_APP") or _text(config, "app")
    if not command:
        raise Unusable(f"no app: write `app: python main.py` into {CONFIG}, or take --app")
    synth_config = config.get("synthConfig")
    if isinstance(synth_config, Mapping) and synth_config.get("format", "plain") != "plain":
        raise Unusable(f"{CONFIG}: synthConfig.format is {synth_config['format']!r}; only `cdk8s synth` writes charts")
    if validate and config.get("validations"):
        raise Unusable(f"{CONFIG}: validations are plugins that only `cdk8s synth` runs; take --no-validate")
    return App(command, Path(output or os.environ.get("CDK8S_OUTPUT") or _text(config, "output") or "dist"))


def _config() -> Mapping[str, object]:
    try:
        documents = load_yaml(Path(CONFIG).read_bytes(), file=CONFIG)
    except FileNotFoundError:
        return {}
    except UnreadableManifest as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"{CONFIG}: {error.strerror}") from None
    return documents[0].manifest if documents else {}


def _text(config: Mapping[str, object], key: str) -> str | None:
    value = config.get(key)
    if value is not None and not isinstance(value, str):
        raise Unusable(f"{CONFIG}: {key} is {value!r}; write text")
    return value


@contextmanager
def running(app: App, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the app, which shall write below `directory`; if the block is left by an error, stop it first.

    What the app prints goes to standard error, since standard output may be for the manifests.
    """
    environment = {
        "CDK8S_RECORD_CONSTRUCT_METADATA": "false",
        **os.environ,
        "CDK8S_OUTDIR": str(directory),
    }
    process = None
    try:
        with uninterrupted():  # a process half started could not be stopped
            # A session of its own: the shell may start more programs, and a stop must reach them all.
            process = subprocess.Popen(app.command, shell=True, env=environment, stdout=2, start_new_session=True)  # noqa: S602 - cdk8s.yaml holds shell text
        yield process
    except BaseException:
        if process:
            _stop(process)
        raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def wait(process: subprocess.Popen[bytes], app: App, directory: Path) -> None:
    """Wait for the app. Raises Unusable when it fails or has written nothing where it should."""
    if code := process.wait():
        how = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise Unusable(f"the app ({app.command}) {how}; nothing was written{_other_python(app.command)}")
    if not directory.is_dir():
        remedy = "call app.synth(), and leave out App(outdir=...)"
        raise Unusable(f"the app ({app.command}) wrote nothing to the directory that CDK8S_OUTDIR names; {remedy}")


def _other_python(command: str) -> str:
    """What to do where the app's Python has no cdk8s and ours has; empty for every other app."""
    name = next((word for word in command.split() if "=" not in word), "")
    if not re.fullmatch(r"python[\d.]*(\.exe)?", PurePath(name).name) or not find_spec("cdk8s"):
        return ""
    found = shutil.which(name)
    if found and not _lacks_cdk8s(found):
        return ""
    lack = f"{found} has no cdk8s" if found else f"there is no {name} on PATH"
    return f"; {lack}: activate the environment of {sys.executable}, which has it, or write that path into the app"


def _lacks_cdk8s(python: str) -> bool:
    try:
        done = subprocess.run([python, "-c", _LOOK], capture_output=True, timeout=_LOOK_S, check=False)  # noqa: S603 - the app's own
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == _LACKS_CDK8S
