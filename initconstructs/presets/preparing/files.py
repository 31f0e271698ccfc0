"""Directories, configuration by ordinal, and tools."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Words
from initconstructs.model.errors import wrong
from initconstructs.model.stages import Stage
from initconstructs.presets.configuring.tree import (
    Source,
    Target,
    TreeOptions,
    TreeStepOptions,
    is_secret,
    kept,
    mode_word,
    sources_of,
    steps,
    target_of,
    tree_stage,
)
from initconstructs.presets.preparing.ordinal import ORDINAL
from initconstructs.presets.text import check_text

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The search path of most images, for `env={"PATH": f"/tools:{DEFAULT_PATH}"}`: Kubernetes can't prepend to a variable.

https://github.com/opencontainers/image-spec/blob/main/config.md (Env) leaves it to the image: look at the app's.
"""


@ends_at_the_author
def directories(
    create: Mapping[str, int] | Words = (),
    *,
    to: Target,
    empty: Words = (),
    remove: Words = (),
    mode: int = 0o770,
    **options: Unpack[TreeOptions],
) -> Stage:
    """Create, empty and remove directories of a volume, in this order; what is removed may be a file.

        preparing.directories({"journal": 0o700}, empty=["tmp"], remove=["lost+found"], to=data.at("/data"), user=999)

    Paths are relative to the volume. `mode` is for those given without one of their own; a directory that is there
    gets it too. A path through a symbolic link is refused when it runs. Nothing is logged unless something changes.

    Sources: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/mkdir.html
    """
    wanted = create if isinstance(create, Mapping) else dict.fromkeys(checks.words("directories: create", create), mode)
    words = [target_of("directories: to", to).path]
    for path, own_mode in wanted.items():
        words += ["create", mode_word("directories: create", own_mode), _inside("create", path)]
    for path in checks.words("directories: empty", empty):
        words += ["empty", _inside("empty", path)]
    for path in checks.words("directories: remove", remove):
        words += ["remove", _inside("remove", path)]
    if len(words) == 1:
        raise wrong("directories: create", create, "leaves nothing to do", 'write ["journal"], say')
    return tree_stage(steps("preparing", "directories"), "directories", to, words, options)


def _inside(what: str, path: str) -> str:
    checks.relative_path(f"directories: {what}", check_text(f"directories: {what}", path))
    if "." in path.split("/") or "" in path.split("/"):
        raise wrong(f"directories: {what}", path, "must be the plain path of something in the volume", "write 'a/b'")
    return path


@ends_at_the_author
def by_ordinal(
    *,
    first: Source,
    others: Source,
    to: Target,
    both: Source | None = None,
    first_id: int = 1,
    mode: int | None = None,
    **options: Unpack[TreeOptions],
) -> Stage:
    """Configure the first pod of a StatefulSet in one way and the others in another.

        preparing.by_ordinal(first={"role.cnf": PRIMARY}, others={"role.cnf": REPLICA}, to="/etc/mysql/conf.d")

    In the files `${ORDINAL}` becomes the pod's ordinal and `${SERVER_ID}` that plus `first_id`; files of `both` go to
    all pods. `mode` is as for `configuring.copy`. The ordinal is the label `apps.kubernetes.io/pod-index`; a pod
    without it is an error.

    Sources: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-index-label
    """
    checks.number("by_ordinal: first_id", first_id, 0, 2**31 - 1)
    sources = [first, others, *([] if both is None else [both])]
    paths, mounts = sources_of(options.get("name", "by-ordinal"), sources, to)
    secret = any(map(is_secret, sources))
    target, word = kept("by_ordinal", to, mode, secret=secret, open_mode=0o664)
    words = [str(first_id), word, target.path, *paths]
    program = steps("preparing", "by_ordinal", "configure")
    return tree_stage(program, "by-ordinal", target, words, options, mounts=mounts, env={"ORDINAL": ORDINAL})


@ends_at_the_author
def tool(*paths: str, image: str, to: Target = "/tools", **options: Unpack[TreeStepOptions]) -> Stage:
    """Copy a tool out of the image that has it, for an app whose image has it not.

        kubectl = preparing.tool("/usr/local/bin/kubectl", image="docker.io/alpine/k8s:1.34.1")

    The app takes `mounts=[kubectl.output.at("/tools")]` and `env={"PATH": f"/tools:{preparing.DEFAULT_PATH}"}`. `paths`
    are files, or directories whose content is copied. The tool must run without what else its image holds: linked
    statically, or against the app's C library. An image without a shell can't copy; mount it as an image volume
    (`Volume("tool", Image("..."))`, Kubernetes 1.35), in the app itself or as the source of `configuring.copy`.

    Sources: https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/
    """
    checks.text("tool: image", image, "name the image that has the tool")
    for path in paths:
        checks.absolute_path("tool: paths", path)
    found, _ = sources_of(options.get("name", "tool"), paths, to)
    words = [mode_word("tool: mode", 0o755), target_of("tool: to", to).path, *found]
    return tree_stage(steps("configuring", "configure"), "tool", to, words, options, image=image)
