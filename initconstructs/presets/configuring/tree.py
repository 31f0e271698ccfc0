"""What the presets share that write files: where these come from, where they go, and the stage that writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from initconstructs.model import checks
from initconstructs.model.checks import Duration
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import Directory, Stage
from initconstructs.model.volumes import (
    ClaimTemplate,
    EmptyDir,
    InlineFiles,
    Mount,
    Output,
    Projected,
    SecretFiles,
    Volume,
)
from initconstructs.presets import images
from initconstructs.presets.program import HOME, Program, StepOptions, shell
from initconstructs.presets.text import check_text

TIMEOUT = "5m"
NOBODY = 65532

Source: TypeAlias = Volume | ClaimTemplate | Output | Mapping[str, str] | str
"""A volume, what another stage hands over, literal text by file name, or an absolute path in the stage's image."""

Target: TypeAlias = Directory | Mount | str
"""A directory that the stage hands over, or its path, or a volume that is there anyway."""


class TreeStepOptions(StepOptions, total=False):
    """What every stage takes that writes files, but for its image.

    `user` is the user and group that it runs as, and so the owner of the files. `timeout` is the total deadline. The
    others are those of a `Stage`.
    """

    user: int
    timeout: Duration


class TreeOptions(TreeStepOptions, total=False):
    """The same, and an image other than `images.BUSYBOX`."""

    image: str


def steps(family: str, script: str, *also: str) -> Program:
    """The script, and beside it the scripts of `configuring` that it runs or reads."""
    found = shell(family, script)
    files = dict(found.files)
    for each in (*also, "step"):
        files |= shell("configuring", each).files
    return Program(files=files, directory=found.directory, command=found.command)


def tree_stage(
    program: Program,
    name: str,
    to: Target,
    words: Sequence[str],
    options: TreeStepOptions,
    *,
    image: str = images.BUSYBOX,
    mounts: Sequence[Mount] = (),
    env: Mapping[str, EnvValue] | None = None,
    network: bool = False,
) -> Stage:
    """The stage that runs the program, its deadline before `words`, with `to` mounted."""
    user = options.get("user", NOBODY)
    seconds = checks.seconds(f"{name}: timeout", options.get("timeout", TIMEOUT), 1)
    target = target_of(f"{name}: to", to)
    return program.stage(
        Stage,
        name,
        [str(seconds), *words],
        options,
        image=image,
        security=SecurityContext(run_as_user=user, run_as_group=user, read_only_root_filesystem=True),
        mounts=[*mounts, *([target] if isinstance(target, Mount) else [])],
        produces=[target] if isinstance(target, Directory) else [],
        env=env or {},
        network=network,
    )


def target_of(place: str, to: Target) -> Directory | Mount:
    """Where the files go, as a value."""
    if isinstance(to, str):
        to = Directory(check_text(place, to))
    checks.instance(place, to, (Directory, Mount), 'write "/etc/shop" or volume.at("/data")')
    if not check_text(place, to.path).strip("/"):
        raise wrong(place, to.path, "would hide the whole image, its shell too", 'write "/etc/shop", say')
    if isinstance(to, Mount) and to.read_only:
        raise ModelError(place, "is mounted read-only, and files are to be written there", "drop read_only=True")
    return to


def kept(preset: str, to: Target, mode: int | None, *, secret: bool, open_mode: int) -> tuple[Directory | Mount, str]:
    """Where files are kept and with which mode: a secret in memory, and hidden from others."""
    target = target_of(f"{preset}: to", to)
    if not secret:
        return target, mode_word(f"{preset}: mode", open_mode if mode is None else mode)
    word = mode_word(f"{preset}: mode", 0o400 if mode is None else mode)
    if int(word, 8) & 0o037:
        rule = "lets others read a secret, or the group change it"
        raise wrong(f"{preset}: mode", word, rule, "take 0o400, or 0o440 for a group")
    if isinstance(to, str):
        return Directory(to, memory=True), word
    if not _in_memory(target):
        remedy = f'write Directory("{target.path}", memory=True)'
        raise ModelError(f"{preset}: to", "is a directory on disk, and a secret is to be written there", remedy)
    return target, word


def is_secret(source: Source) -> bool:
    """Whether a volume holds a Secret, or another stage hands it over in memory, as presets hand over secrets."""
    if isinstance(source, Output):
        return _is_memory(source.volume)
    held = source.source if isinstance(source, Volume) else None
    parts = held.sources if isinstance(held, Projected) else [held]
    return any(isinstance(each, SecretFiles) for each in parts)


def _in_memory(target: Directory | Mount) -> bool:
    if isinstance(target, Directory) and target.volume is None:
        return target.memory
    return _is_memory(target.volume.volume if isinstance(target.volume, Output) else target.volume)


def _is_memory(volume: object) -> bool:
    return isinstance(volume, Volume) and isinstance(volume.source, EmptyDir) and volume.source.medium == "Memory"


def sources_of(stage: str, sources: Sequence[Source], to: Target) -> tuple[list[str], list[Mount]]:
    """The paths of the sources as the script sees them, and the mounts that bring those which are no paths."""
    place = f"{stage}: sources"
    if not sources:
        raise wrong(place, [], "must name at least one source", "give a volume, literal files or a path of the image")
    target = target_of(f"{stage}: to", to).path
    paths: list[str] = []
    mounts: list[Mount] = []
    for index, source in enumerate(sources):
        if isinstance(source, str):
            paths.append(_in_image(place, source, target))
        else:
            mounts.append(_mount(place, source, f"{stage[:50]}-source-{index}"))
            paths.append(mounts[-1].path)
    return paths, mounts


def _in_image(place: str, path: str, target: str) -> str:
    checks.absolute_path(place, check_text(place, path))
    if f"{path}/".startswith(f"{target.rstrip('/')}/"):
        rule = f"lies in {target}, where the stage sees the new directory and not what the image has there"
        raise wrong(place, path, rule, "give another `to`; the app may mount it under any path")
    if f"{target}/".startswith(f"{path.rstrip('/')}/"):
        raise wrong(place, path, f"holds {target}, so it would be copied into itself", "give another `to`")
    return path


def _mount(place: str, source: Source, name: str) -> Mount:
    path = f"{HOME}/{name}"
    if isinstance(source, Mapping):
        files = {key: check_text(place, text) for key, text in checks.strings(place, source).items()}
        return Mount(path, volume=Volume(name, InlineFiles(files)), read_only=True)
    kinds = (Volume, ClaimTemplate, Output)
    checks.instance(place, source, kinds, 'give a volume, {"app.ini": "text"} or a path of the image')
    assert not isinstance(source, str)
    return Mount(path, volume=source, read_only=True)


def mode_word(place: str, mode: int) -> str:
    """Permission bits as the script takes them."""
    if type(mode) is not int or not 0 <= mode <= 0o777:
        raise wrong(place, mode, "must be permission bits, 0o000 to 0o777", "write 0o644, say")
    return f"{mode:04o}"
