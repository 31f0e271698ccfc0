"""Clones of git repositories."""

from __future__ import annotations

import re
from urllib.parse import unquote

from typing_extensions import Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Quantity
from initconstructs.model.environment import EnvValue, SecretKey, check_secret_key
from initconstructs.model.errors import wrong
from initconstructs.model.resources import Resources
from initconstructs.model.stages import Directory, Stage
from initconstructs.model.volumes import ClaimTemplate, Volume
from initconstructs.presets import images
from initconstructs.presets.fetching import cloud
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.fetching.data import matched
from initconstructs.presets.program import shell

RESOURCES = Resources(requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "512Mi"})
"""Git holds the largest file of a commit in memory, about twice."""

_REF = re.compile(r"(?!HEAD$|refs/|.*(\.\.|//|@\{|\.lock(/|$)|/\.|[~^:?*\[\\]))[A-Za-z0-9_][!-}]*(?<![./])")
_USERNAME = re.compile("[!-~]+")
_FOLDER = re.compile(r"[A-Za-z0-9_][-.\w]*", re.ASCII)


@ends_at_the_author
def git(
    url: str,
    *,
    ref: str,
    folder: str | None = None,
    depth: int = 1,
    token: SecretKey | None = None,
    username: str = "git",
    volume: Volume | ClaimTemplate | None = None,
    size_limit: Quantity | None = None,
    **options: Unpack[FetchOptions],
) -> Stage:
    """Clone one commit of a git repository over HTTPS.

        fetching.git("https://github.com/acme/site.git", ref="v1.4.2", token=SecretKey("git", "token"))

    `ref` is a commit (40 digits), or a branch or tag, which can change between two pods. The clone is called `folder`
    below `stage.output`, or as the URL ends: `site.output.at("/srv/site", sub_path="site")`. It has `depth` commits, or
    all of them with 0, no submodules and no hooks. With `token` git logs in as `username` at the URL's host, and at no
    other that it is redirected to; GitHub takes any name, GitLab "oauth2" or any. `volume` is where the clone stays
    beyond the pod; without it, it is in an `emptyDir` of at most `size_limit`.

    Runs git's own image as user 65532 with a read-only root file system. A clone is made beside and then moved in
    place. Exit codes: 0 the commit is there; 1 refused or failed; 2 wrong arguments; 124 the deadline came; 143 asked
    to stop.

    A second run keeps a clone that is at the commit with no file changed (each is read), and replaces any other; for a
    commit it doesn't ask the server.

    Sources: https://git-scm.com/docs/git-fetch, https://git-scm.com/docs/gitcredentials
    """
    _check_url(url)
    if not matched(_REF, ref):
        raise wrong("git: ref", ref, "must be the name of a branch or a tag, or a commit", 'write "v1.4.2", say')
    checks.number("git: depth", depth)
    name = unquote(url.rstrip("/").rpartition("/")[2]).removesuffix(".git") if folder is None else folder
    if not matched(_FOLDER, name):
        raise wrong("git: folder", name, "must be the name of a directory", 'write folder="site", say')
    seconds = checks.seconds("git: timeout", options.get("timeout", "5m"), 1)
    return shell("fetching", "git").stage(
        Stage,
        "git",
        [str(seconds), url, ref, f"{cloud.DATA}/{name}", str(depth)],
        options,
        image=images.GIT,
        resources=RESOURCES,
        env=_env(token, username, options),
        produces=[Directory(cloud.DATA, volume=volume, size_limit=size_limit)],
        network=True,
    )


def _env(token: SecretKey | None, username: str, options: FetchOptions) -> dict[str, EnvValue]:
    env: dict[str, EnvValue] = {}
    if "ca_file" in options:
        checks.absolute_path("git: ca_file", options["ca_file"])
        env["GIT_SSL_CAINFO"] = options["ca_file"]
    if token is not None:
        check_secret_key("git: token", token, 'write SecretKey("git", "token")')
        if not matched(_USERNAME, username):
            raise wrong("git: username", username, "must be printable ASCII without white space", 'write "oauth2", say')
        env |= {"GIT_USERNAME": username, "GIT_TOKEN": token}
    return env


def _check_url(url: object) -> None:
    remedy = 'write "https://github.com/acme/site.git", say, and give the login as token='
    cloud.origin("git: url", url, remedy=remedy)
    if not isinstance(url, str) or "/" not in url.partition("://")[2].strip("/"):
        raise wrong("git: url", url, "must name a repository", remedy)
