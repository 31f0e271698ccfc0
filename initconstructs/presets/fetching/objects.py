"""What the fetches from stores of objects share: one object, or all below one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from initconstructs.model.environment import SecretKey
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.stages import Stage
from initconstructs.presets.fetching import data
from initconstructs.presets.fetching.data import DataOptions
from initconstructs.presets.text import check_text


def objects(
    function: str,
    about: Mapping[str, object],
    *,
    key: str,
    sha256: str | None,
    options: DataOptions,
    env: Mapping[str, SecretKey] | None = None,
) -> Stage:
    """The stage for the object called `key`, or for all below it where it is empty or ends in "/"."""
    name = key.rpartition("/")[2]
    if name:
        data.check_file(f"{function}: url", name)
    spec = {**about, "key": key, "name": name}
    if sha256 is not None:
        spec["sha256"] = _sha256(f"{function}: sha256", sha256, several=not name)
    named: DataOptions = {"name": function.replace("_", "-"), **options}
    return data.step(function, spec, env or {}, named)


def _sha256(place: str, digest: object, *, several: bool) -> str:
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise wrong(place, digest, "must be 64 digits of 0 to 9 and a to f", "take what sha256sum prints")
    if several:
        raise ModelError(place, "is of one object, and the URL ends in '/'", "name one object, or leave it out")
    return digest


def split(function: str, url: object, scheme: str) -> tuple[str, str]:
    """The bucket and the key of `s3://bucket/key`, which is taken as it is, with nothing percent-encoded."""
    found = re.fullmatch(rf"{scheme}://([^/]+)/(.*)", url, re.DOTALL) if isinstance(url, str) else None
    if found is None:
        rule = f"must be {scheme}://bucket/key, or {scheme}://bucket/folder/ for all below it"
        raise wrong(f"{function}: url", url, rule, f'write "{scheme}://models/llama.gguf", say')
    return found[1], check_text(f"{function}: url", found[2])
