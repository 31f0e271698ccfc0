"""Hazards of what a stage runs: installing, downloading, missing tools, words that the shell ignores."""

from __future__ import annotations

from functools import partial

from initconstructs.manifests.shell.syntax import parse
from initconstructs.rules.checks import Check, Places, rule
from initconstructs.rules.finding import Severity
from initconstructs.rules.startup.calls import Call, calls_of_nodes
from initconstructs.rules.startup.stage import Workload

_rule = partial(rule, family="startup", severity=Severity.WARNING)

_INSTALLERS = {
    "apk": ("add",),
    "apt-get": ("install",),
    "apt": ("install",),
    "yum": ("install",),
    "dnf": ("install",),
    "microdnf": ("install",),
    "zypper": ("install", "in"),
    "pip": ("install",),
    "pip3": ("install",),
    "npm": ("install", "i", "ci"),
    "gem": ("install",),
    "go": ("install",),
    "cargo": ("install",),
}
_CHECKSUMS = frozenset(
    ["sha256sum", "sha512sum", "sha1sum", "md5sum", "shasum", "gpg", "gpgv", "cosign", "openssl", "minisign", "cksum"]
)
_NOT_IN_BUSYBOX = frozenset(
    """bash curl psql pg_isready mysql mysqladmin redis-cli mongosh mongo kubectl jq git python python3 pip pip3 node
    npm openssl dig host apt-get apt yum aws gcloud gsutil az vault rsync apk envsubst""".split()  # noqa: SIM905
)
_NOT_IN_ALPINE = _NOT_IN_BUSYBOX - {"apk"}


@_rule("package-install", fix="Build an image that has the package, or use one that ships it.")
def package_install(workload: Workload) -> Places:
    """A stage installs packages when the pod starts.

    What: apk, apt, yum, pip, npm and the like install something in an init container.
    Why: every start depends on a mirror far away and on what it serves that day, needs root and a writable root file
    system, and takes seconds to minutes; a scale-out under load fails just then.
    Example: `apk add --no-cache curl && curl ...`
    Fix: an image that has the tool (`curlimages/curl`, `postgres` for psql), pinned by tag or digest.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
    """
    for stage in workload.stages:
        installers = [installer for call in stage.calls if (installer := _installer(call))]
        if installers:
            yield stage.command_path, f"{stage.name!r} installs packages with {installers[0]} each time a pod starts"


def _installer(call: Call) -> str:
    program, arguments = call.program, call.arguments
    if program.startswith("python") and arguments[:2] == ("-m", "pip"):
        program, arguments = "pip", arguments[2:]
    subcommands = _INSTALLERS.get(program, ())
    return program if any(argument in subcommands for argument in arguments) else ""


@_rule(
    "unverified-download", fix="Pin the version and check a sha256 that stands in the manifest before using the file."
)
def unverified_download(workload: Workload) -> Places:
    """A stage downloads a file and uses it unseen.

    What: curl or wget writes a file (or pipes it into a program), and nothing in the script checks a sum or signature.
    Why: the file may be cut off, changed or exchanged, and the pod runs it. Seen in 32 of 33 downloads of 82 public
    repositories.
    Example: `wget -O /plugins/x.jar https://example.com/x.jar`
    Fix: `wget -O x.jar URL && echo "SUM  x.jar" | sha256sum -c`
    Source: https://slsa.dev/spec/v1.0/threats (dependency threats)
    """
    for stage in workload.init_stages:
        downloads = [call.program for call in stage.called("curl", "wget") if _is_download(call)]
        if downloads and not _CHECKSUMS.intersection(stage.programs):
            yield stage.command_path, f"{stage.name!r} uses what {downloads[0]} downloads without checking it"


def _is_download(call: Call) -> bool:
    if not any("://" in argument and not argument.startswith("-") for argument in call.arguments):
        return False
    if call.program == "curl":
        saves = call.has_option("o", "--output") or call.has_option("O", "--remote-name")
        written = any(not text.startswith("/dev/") and not text.isdigit() for text in call.targets)
        return (saves and "/dev/null" not in call.arguments) or written
    if call.program == "wget":
        target = next((argument for argument in call.arguments if argument in ("-", "-O-", "/dev/null", "-qO-")), "")
        return not target and not call.has_option("S", "--spider", "--server-response") and not call.loops
    return False


@_rule("missing-tool", fix="Use an image that has the program.")
def missing_tool(workload: Workload) -> Places:
    """A script calls a program that its image does not have.

    What: a busybox or plain alpine image whose script calls curl, psql, bash, kubectl, ...
    Why: the stage fails with `not found`; inside `until ...` it fails silently for ever.
    Example: `image: busybox` with `until curl -f http://api; do sleep 1; done`
    Fix: the image of the tool, or what the image has (busybox: wget, nc, getent).
    Source: https://www.busybox.net/downloads/BusyBox.html
    """
    for stage in workload.stages:
        absent = {"busybox": _NOT_IN_BUSYBOX, "alpine": _NOT_IN_ALPINE}.get(stage.repository, frozenset())
        missing = sorted(absent.intersection(stage.programs))
        if missing and not any(_installer(call) for call in stage.calls):
            yield stage.command_path, f"{stage.name!r} calls {missing[0]}, which {stage.repository} does not have"


@_rule("ignored-words", fix="Write the whole script as one string after -c; further words become $0, $1, ...")
def ignored_words(workload: Workload) -> Places:
    """Words after `sh -c script` are lost.

    What: there are words after the script of `sh -c`, and the script uses none of $0, $1, $@, $*.
    Why: the shell takes only the first word as the script, so that half of what was meant never runs.
    Example: `command: [sh, -c, "echo start", "cp /a /b"]`
    Fix: `command: [sh, -c, "echo start && cp /a /b"]`
    Source: POSIX sh, `sh -c command_string [command_name [argument...]]`
    """
    for stage in workload.stages:
        found = stage.script
        if found and found[1] and not _uses_positions(found[0]):
            lost = found[1][0].text
            shown = lost if len(lost) <= 40 else f"{lost[:37]}..."
            yield (
                stage.command_path,
                f"the shell of {stage.name!r} ignores {shown!r} and what follows: -c takes one word",
            )


def _uses_positions(script: str) -> bool:
    calls = tuple(calls_of_nodes(parse(script).nodes))
    variables = {name for call in calls for word in (*call.words, *call.assignments) for name in word.variables}
    return bool(variables & {*"0123456789@*#"}) or any(call.program == "shift" for call in calls)


CHECKS: tuple[Check[[Workload]], ...] = (package_install, unverified_download, missing_tool, ignored_words)
