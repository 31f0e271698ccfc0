"""Copies of files, as they are or with variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.environment import EnvValue, FileKey, SecretKey, environment
from initconstructs.model.errors import wrong
from initconstructs.model.stages import Stage
from initconstructs.presets.configuring.tree import (
    Source,
    Target,
    TreeOptions,
    is_secret,
    kept,
    sources_of,
    steps,
    tree_stage,
)
from initconstructs.presets.text import check_hidden_text, check_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@ends_at_the_author
def copy(*sources: Source, to: Target, mode: int | None = None, **options: Unpack[TreeOptions]) -> Stage:
    """Copy configuration to where the app may write, or merge it from several places.

        configuring.copy(Volume("defaults", ConfigMapFiles("shop")), {"extra.ini": "[log]"}, to="/etc/shop", user=1000)

    `mode` is that of the files, 0664 unless said otherwise; who may read something executable, or a directory, may also
    run or enter it. A path of the image (`copy("/etc/nginx", image=IMAGE, to="/config")`) makes what an image ships
    writable under a read-only root file system. Files of a ConfigMap can't be written to, wherever they are mounted.
    With a Secret among the sources, or what another stage hands over in memory, the directory and `mode` are as those
    of `render` for secrets.

    Sources: https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps-as-files-from-a-pod
    """
    paths, mounts = sources_of(options.get("name", "configure"), sources, to)
    target, word = kept("copy", to, mode, secret=any(map(is_secret, sources)), open_mode=0o664)
    words = [word, target.path, *paths]
    return tree_stage(steps("configuring", "configure"), "configure", target, words, options, mounts=mounts)


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

    With a secret among `env` or the sources the directory is memory-backed and `mode` 0400, so that `user=` must be the
    app's; say 0440 where the app reads through fsGroup. More than that, or a directory on disk, is refused. Else `mode`
    is 0644. `defaults` and literal files are in the manifest for all to read.

    Sources: https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-environment-variables
    """
    values = environment("render: env", env).values()
    secret = any(map(is_secret, sources)) or any(isinstance(value, (SecretKey, FileKey)) for value in values)
    target, word = kept("render", to, mode, secret=secret, open_mode=0o644)
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
            check_hidden_text(f'render: env["{name}"]', value)
    for name in checks.strings("render: defaults", defaults):
        if name not in env:
            raise wrong("render: defaults", name, "must be a variable that env names too", "add it to env")
    return [f"{name}={check_text('render: defaults', defaults[name])}" if name in defaults else name for name in env]
