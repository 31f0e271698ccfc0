"""Copies of files, as they are or with variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.environment import EnvValue, FileKey, SecretKey
from initconstructs.model.errors import ModelError, ends_at_the_author, wrong
from initconstructs.model.stages import Directory, Stage
from initconstructs.model.volumes import EmptyDir, Mount, Volume
from initconstructs.presets.configuring.tree import (
    Source,
    Target,
    TreeOptions,
    mode_word,
    sources_of,
    steps,
    target_of,
    tree_stage,
)
from initconstructs.presets.text import check_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@ends_at_the_author
def copy(*sources: Source, to: Target, mode: int = 0o664, **options: Unpack[TreeOptions]) -> Stage:
    """Copy configuration to where the app may write, or merge it from several places.

        configuring.copy(Volume("defaults", ConfigMapFiles("shop")), {"extra.ini": "[log]"}, to="/etc/shop", user=1000)

    `mode` is that of the files; who may read something executable, or a directory, may also run or enter it. A path of
    the image (`copy("/etc/nginx", image=IMAGE, to="/config")`) makes what an image ships writable under a read-only
    root file system. Files of a ConfigMap can't be written to, wherever they are mounted.

    Sources: https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps-as-files-from-a-pod
    """
    paths, mounts = sources_of(options.get("name", "configure"), sources, to)
    words = [mode_word("copy: mode", mode), target_of("copy: to", to).path, *paths]
    return tree_stage(steps("configuring", "configure"), "configure", to, words, options, mounts=mounts)


@ends_at_the_author
def render(
    *sources: Source,
    to: Target,
    env: Mapping[str, EnvValue],
    defaults: Mapping[str, str] | None = None,
    mode: int | None = None,
    **options: Unpack[TreeOptions],
) -> Stage:
    """Copy templates with `${NAME}` replaced by the values of the variables that `env` names, and of no others.

        configuring.render({"app.ini": "url = ${URL}"}, to="/etc/shop", env={"URL": SecretKey("db", "url")}, user=1000)

    A value is put in as it is: it is never evaluated, nor looked at again, nor quoted for the file's format. `$NAME`,
    `${OTHER}` and `$$` stay as they are, and so does a file that is no text (it has NUL). A variable that is not set (a
    SecretKey with `optional=True`) and that `defaults` lacks is an error, and so is one without a default that no
    template asks for.

    With a secret among `env` the directory is memory-backed and `mode` 0400, so that `user=` must be the app's; say
    0440 where the app reads through fsGroup. More than that, or a directory on disk, is refused. Else `mode` is 0644.

    Sources: https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-environment-variables
    """
    secret = any(isinstance(value, (SecretKey, FileKey)) for value in checks.mapping("render: env", env).values())
    mode = mode if mode is not None else 0o400 if secret else 0o644
    word = mode_word("render: mode", mode)
    target = target_of("render: to", to)
    if secret:
        target = _private(target, mode, ours=isinstance(to, str))
    paths, mounts = sources_of(options.get("name", "configure"), sources, target)
    words = [word, target.path, *paths, *_names(env, defaults or {})]
    return tree_stage(steps("configuring", "configure"), "configure", target, words, options, mounts=mounts, env=env)


def _names(env: Mapping[str, EnvValue], defaults: Mapping[str, str]) -> list[str]:
    """The variables as the script takes them: NAME, or NAME=default."""
    if not env:
        raise wrong("render: env", {}, "must name the variables to put in", "name some, or take configuring.copy")
    for name, value in env.items():
        if not _NAME.fullmatch(name):
            rule = "must be a name of ASCII letters, digits and '_', not starting with a digit"
            raise wrong("render: env", name, rule, "rename the variable")
        if isinstance(value, str):
            _check_literal(name, value)
    for name in checks.strings("render: defaults", defaults):
        if name not in env:
            raise wrong("render: defaults", name, "must be a variable that env names too", "add it to env")
    return [f"{name}={check_text('render: defaults', defaults[name])}" if name in defaults else name for name in env]


def _check_literal(name: str, value: str) -> None:
    """As `check_text`, but the value is not shown: it may be a secret."""
    try:
        check_text("render: env", value)
    except ModelError as error:
        raise ModelError(f'render: env["{name}"]', error.rule, error.remedy) from None


def _private(target: Directory | Mount, mode: int, *, ours: bool) -> Directory | Mount:
    """Where a secret may lie: in memory, and hidden from others."""
    if mode & 0o037:
        raise wrong("render: mode", f"{mode:04o}", "lets more than the owner and readers of the group in", "take 0o400")
    if ours:
        return Directory(target.path, memory=True)
    if not _in_memory(target):
        remedy = f'write Directory("{target.path}", memory=True)'
        raise ModelError("render: to", "is a directory on disk, and a secret is to be written there", remedy)
    return target


def _in_memory(target: Directory | Mount) -> bool:
    volume = target.volume
    if isinstance(target, Directory) and volume is None:
        return target.memory
    return isinstance(volume, Volume) and isinstance(volume.source, EmptyDir) and volume.source.medium == "Memory"
