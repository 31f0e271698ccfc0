"""Synthesize a cdk8s app, check everything that came out, and only then replace the output directory as a whole.

The app and its output are those of cdk8s.yaml, and the files are those of `cdk8s synth`, byte by byte. On any error
what stood there stays. The report goes to standard output (with --stdout to standard error), as of `check`.

Exit codes: 0 written, or nothing to refuse with --check-only; 1 findings that reach --fail-on: nothing is written;
2 the app failed, its output is unusable, or so are the arguments.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from initconstructs.cli.options import Unusable, add_checking

if TYPE_CHECKING:
    from types import FrameType

    from initconstructs.cli.cdk8s_app import App

SUMMARY = "run the cdk8s app, check all that it writes, then replace the output directory"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments; the first four are those of `cdk8s synth`."""
    parser.add_argument(
        "-a", "--app", metavar="COMMAND", help="shell command that runs the app (default: cdk8s.yaml's)"
    )
    parser.add_argument("-o", "--output", metavar="DIR", help="output directory (default: cdk8s.yaml's, or dist)")
    parser.add_argument("-p", "--stdout", action="store_true", help="print the manifests and write no file")
    parser.add_argument(
        "--no-validate", dest="validate", action="store_false", help="go without the plugins of cdk8s.yaml"
    )
    parser.add_argument("--check-only", action="store_true", help="run and check the app, and write nothing")
    add_checking(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the app into a directory of its own, check that, and hand it over."""
    from initconstructs.cli.cdk8s_app import read_app  # noqa: PLC0415 - `--help` needs none of this

    if arguments.stdout and arguments.output:
        raise Unusable("--stdout and --output exclude each other")
    app = read_app(arguments.app, arguments.output, validate=arguments.validate)
    with _stoppable(), _directory(app.output, is_kept=not (arguments.stdout or arguments.check_only)) as directory:
        return _synthesize(app, directory, arguments)


def _synthesize(app: App, directory: Path, arguments: argparse.Namespace) -> int:
    from initconstructs.cli.cdk8s_app import running, wait  # noqa: PLC0415
    from initconstructs.cli.terminal import progress  # noqa: PLC0415

    with progress("running the app"), running(app, directory) as process:
        from initconstructs.cli import findings  # noqa: PLC0415 - the rules are loaded while the app runs
        from initconstructs.cli.inputs import read_output  # noqa: PLC0415

        wait(process, app, directory)
    with progress("checking"):
        inputs = read_output(directory, app.output)
        checked = findings.check(inputs, arguments)
    findings.write(checked, arguments.format, sys.stderr if arguments.stdout else sys.stdout)
    if code := inputs.report_unreadable() or int(checked.failed):
        findings.tell("synth", "nothing was written")
        return code
    _hand_over(app, directory, arguments)
    return 0


def _hand_over(app: App, directory: Path, arguments: argparse.Namespace) -> None:
    from initconstructs.cli.findings import tell  # noqa: PLC0415
    from initconstructs.cli.staging import replace  # noqa: PLC0415

    if arguments.stdout:
        sys.stdout.write(_joined(directory))
        return
    count = sum(file.is_file() for file in directory.rglob("*"))
    files = f"{count} file" if count == 1 else f"{count} files"
    if arguments.check_only:
        tell("synth", f"{files} would go to {app.output}")
        return
    replace(directory, app.output)
    tell("synth", f"{files} written to {app.output}")


def _joined(directory: Path) -> str:
    """All files as one stream, in the order of their names, with the `---` that `cdk8s synth` leaves out."""
    texts = (file.read_text(encoding="utf-8") for file in sorted(directory.rglob("*.yaml")))
    return "---\n".join(text for text in texts if text)


def _directory(output: Path, *, is_kept: bool) -> AbstractContextManager[Path]:
    """A path for the app's directory: beside the output when it shall go there, else a temporary one."""
    from initconstructs.cli.staging import staged, temporary  # noqa: PLC0415

    if not is_kept:
        return temporary()
    _refuse_output(output)
    return staged(output)


def _refuse_output(output: Path) -> None:
    """What stands there is removed, so it must not be the project itself."""
    place = output.resolve()
    if Path.cwd().is_relative_to(place):
        raise Unusable(f"the output {output} is the working directory or holds it, and would be replaced as a whole")
    if place.exists() and not place.is_dir():
        raise Unusable(f"the output {output} is no directory")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Leave by an exception when asked to stop, so that the app is stopped too and nothing is left behind."""
    from initconstructs.cli.cdk8s_app import STOPS  # noqa: PLC0415

    heard = [each for each in STOPS if signal.getsignal(each) != signal.SIG_IGN]  # nohup has SIGHUP ignored
    former = {each: signal.signal(each, _leave) for each in heard}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
