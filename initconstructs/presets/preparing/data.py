"""Data for a volume that has none yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Words
from initconstructs.model.environment import EnvValue
from initconstructs.model.errors import wrong
from initconstructs.model.stages import Stage
from initconstructs.model.volumes import Mount
from initconstructs.presets import images
from initconstructs.presets.configuring.tree import (
    Source,
    Target,
    TreeStepOptions,
    mode_word,
    sources_of,
    steps,
    target_of,
    tree_stage,
)
from initconstructs.presets.preparing.ordinal import ORDINAL
from initconstructs.presets.program import COMMAND_RESOURCES
from initconstructs.presets.text import check_text

Pods: TypeAlias = Literal["all", "first", "others"]
"""Which pods of a StatefulSet: the one with ordinal 0, or those after it."""

ARCHIVES = (".tar", ".tar.gz", ".tgz")


class SeedStepOptions(TreeStepOptions, total=False):
    """What a stage takes that fills a volume once, but for its image.

    `unless` is a path inside `to` that tells that there are data, such as "PG_VERSION"; without it anything does but
    `lost+found` and `.snapshot`. With it other files stay, but for those of the same name. `pods` says who does it.
    `mode` is that of the files; without it they keep theirs.
    """

    unless: str
    pods: Pods
    mode: int


class SeedOptions(SeedStepOptions, total=False):
    """The same, and an image other than `images.BUSYBOX`."""

    image: str


@ends_at_the_author
def seed(*sources: Source, to: Target, **options: Unpack[SeedOptions]) -> Stage:
    """Copy initial data into a volume, once: where data are already, nothing is touched.

        preparing.seed("/app/data", image=IMAGE, to=data.at("/data"), user=1000)

    A path of the image, a volume (a snapshot restored to a claim, an image volume) or literal files.

    Sources: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
    """
    paths, mounts = sources_of(options.get("name", "seed"), sources, to)
    return _stage("seed", to, ["copy", *paths], options, mounts=mounts)


@ends_at_the_author
def unpack(archive: str, *, to: Target, **options: Unpack[SeedOptions]) -> Stage:
    """Unpack an archive into a volume, once: where data are already, nothing is touched.

        preparing.unpack("/backup/shop.tar.gz", mounts=[backup.at("/backup", read_only=True)], to=data.at("/data"))

    The path of a `.tar`, `.tar.gz` or `.tgz` file, in a volume that `mounts` brings or in the image, which needs `tar`.
    A member that would lie outside is not unpacked there. A damaged archive is an error and leaves nothing behind.

    Sources: https://www.gnu.org/software/tar/manual/html_section/absolute.html
    """
    checks.absolute_path("unpack: archive", check_text("unpack: archive", archive))
    if not archive.endswith(ARCHIVES):
        raise wrong("unpack: archive", archive, f"must end with {', '.join(ARCHIVES)}", "take preparing.restore(...)")
    return _stage("unpack", to, ["unpack", archive], options)


@ends_at_the_author
def restore(
    words: Words,
    *,
    image: str,
    to: Target,
    env: Mapping[str, EnvValue] | None = None,
    **options: Unpack[SeedStepOptions],
) -> Stage:
    """Run a command that fetches or makes the data of a volume, once: where data are already, it is not run.

        preparing.restore(["pg_basebackup", "-h", "db-0.db", "-D", "."], image=PG, to=data.at("/data"), pods="others")

    It runs in an empty directory, without a shell, as it is; when it has exited 0, what it left there becomes the data,
    at once. When it fails, or at the deadline, nothing does, and the next run begins anew: let `timeout` be long enough
    for all the data. Give it secrets by `env`, not in `words`. `pods="others"`
    is for replicas that copy from the one before.

    Sources: https://kubernetes.io/docs/tasks/run-application/run-replicated-stateful-application/
    """
    kept = [check_text("restore: words", each) for each in checks.words("restore: words", words)]
    if not kept or not kept[0]:
        raise wrong("restore: words", words, "must name a command", 'write ["pg_basebackup", "-D", "."], say')
    checks.text("restore: image", image, "name the image that has the command")
    given: SeedStepOptions = {"resources": COMMAND_RESOURCES, **options}
    return _stage("restore", to, ["run", *kept], given, image=image, env=env, network=True)


def _stage(
    name: str,
    to: Target,
    words: Sequence[str],
    options: SeedStepOptions,
    *,
    image: str = images.BUSYBOX,
    mounts: Sequence[Mount] = (),
    env: Mapping[str, EnvValue] | None = None,
    network: bool = False,
) -> Stage:
    pods = options.get("pods", "all")
    checks.choice(f"{name}: pods", pods, ("all", "first", "others"))
    unless = options.get("unless", "")
    if unless:
        checks.relative_path(f"{name}: unless", check_text(f"{name}: unless", unless))
    mode = mode_word(f"{name}: mode", options["mode"]) if "mode" in options else ""
    before = [pods, unless, mode, target_of(f"{name}: to", to).path]
    known = {} if pods == "all" else {"ORDINAL": ORDINAL}
    return tree_stage(
        steps("preparing", "seed"),
        name,
        to,
        [*before, *words],
        options,
        image=image,
        mounts=mounts,
        env={**({} if env is None else env), **known},
        network=network,
    )
