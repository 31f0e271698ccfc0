"""What `synth` does: run the app into a directory of its own, check that, and hand it over."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

from initconstructs.cli.cdk8s_app import App, read_app, running, wait
from initconstructs.cli.options import Unusable
from initconstructs.cli.staging import replace, staged, temporary
from initconstructs.cli.stops import STOPS
from initconstructs.cli.terminal import progress


def synthesize(arguments: argparse.Namespace) -> int:
    """The exit code of `synth`. Raises Unusable, like everything here, for what it can't work with."""
    if arguments.stdout and arguments.output:
        raise Unusable("--stdout and --output exclude each other")
    app = read_app(arguments.app, arguments.output, validate=arguments.validate)
    with _stoppable(), _directory(app.output, is_kept=not (arguments.stdout or arguments.check_only)) as directory:
        return _run(app, directory, arguments)


def _run(app: App, directory: Path, arguments: argparse.Namespace) -> int:
    with progress("running the app"), running(app, directory) as process:
        from initconstructs import rules  # noqa: PLC0415 - all of this is loaded while the app runs
        from initconstructs.cli import findings  # noqa: PLC0415
        from initconstructs.cli.inputs import read_output  # noqa: PLC0415

        rules.rules()
        wait(process, app, directory)
    with progress("checking"):
        inputs = read_output(directory, app.output)
        checked = findings.check(inputs, arguments)
    findings.write(checked, arguments.format, sys.stderr if arguments.stdout else sys.stdout)
    if code := inputs.report_unreadable() or int(checked.failed):
        _tell("nothing was written")
        return code
    _hand_over(app, directory, arguments)
    return 0


def _hand_over(app: App, directory: Path, arguments: argparse.Namespace) -> None:
    if arguments.stdout:
        sys.stdout.write(_joined(directory))
        return
    count = sum(file.is_file() for file in directory.rglob("*"))
    files = f"{count} file" if count == 1 else f"{count} files"
    if arguments.check_only:
        _tell(f"{files} would go to {app.output}")
        return
    _refuse_loss(app.output, directory)
    replace(directory, app.output)
    _tell(f"{files} written to {app.output}")


def _joined(directory: Path) -> str:
    """All files as one stream, in the order of their names, with the `---` that `cdk8s synth` leaves out."""
    from initconstructs.cli.inputs import manifest_files  # noqa: PLC0415 - see _run

    texts = (file.read_text(encoding="utf-8") for file in manifest_files(directory))
    return "---\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts if text)


def _directory(output: Path, *, is_kept: bool) -> AbstractContextManager[Path]:
    """A path for the app's directory: beside the output when it shall go there, else a temporary one."""
    if not is_kept:
        return temporary()
    _refuse_output(output)
    return staged(output)


def _refuse_output(output: Path) -> None:
    """What stands there is removed, so it must be a directory, and not the project itself."""
    try:
        place = output.resolve()
    except (OSError, RuntimeError):
        raise Unusable(f"the output {output} is a link that leads to itself") from None
    if Path.cwd().is_relative_to(place):
        raise Unusable(f"the output {output} is the working directory or holds it, and would be replaced as a whole")
    if place.exists() and not place.is_dir():
        raise Unusable(f"the output {output} is no directory")


def _refuse_loss(output: Path, new: Path) -> None:
    """What stands there is removed, so it must be what a synth writes, or come again."""
    from initconstructs.cli.inputs import wrote  # noqa: PLC0415 - see _run

    for folder, _, names in os.walk(output):
        for file in (Path(folder, name) for name in names):
            name = file.relative_to(output)
            if not os.path.lexists(new / name) and not wrote(file):
                rule = f"the output {output} holds {name}, which is no manifest and would be lost with the directory"
                raise Unusable(f"{rule}; move it away, or name another output")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Leave by an exception when asked to stop, so that the app is stopped too and nothing is left behind.

    It is SystemExit in the end, whatever it was wrapped in on the way (see cli._interruptible).
    """
    asked: list[int] = []

    def leave(number: int, _: FrameType | None) -> None:
        asked.append(number)
        sys.exit(128 + number)

    heard = [each for each in STOPS if signal.getsignal(each) != signal.SIG_IGN]  # nohup has SIGHUP ignored
    former = {each: signal.signal(each, leave) for each in heard}
    try:
        yield
    except BaseException:
        if asked:
            sys.exit(128 + asked[0])
        raise
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _tell(message: str) -> None:
    print(f"initconstructs synth: {message}", file=sys.stderr)
