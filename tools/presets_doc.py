"""Write docs/presets.md from the presets themselves: what each does, its image, user, privileges and exit codes.

    python tools/presets_doc.py

A test fails when the page is not what this would write.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from catalogue.entry import Entry

from initconstructs import presets
from initconstructs.model.security import SecurityContext
from initconstructs.model.stages import PolicyRule, Sidecar, Step
from initconstructs.model.volumes import InlineFiles, Volume
from initconstructs.presets import images

PAGE = Path(__file__).parents[1] / "docs" / "presets.md"
INTRODUCTION = """\
Every preset is a function that returns a plain `Stage` (or `Sidecar`), with `name=`, `image=`, `resources=`,
`security=`, `mounts=`, `after=`, `before=` and `raw=` of its own. "user" is who it runs as unless `security=` says
otherwise; "the image's" must not be root under "restricted". "may" is what it may ask of the Kubernetes API. "bytes" is
the text of its program in the manifest. Text reaches the program as you write it, in `env=` too: Kubernetes expands no
`$(NAME)` in it."""


def families() -> dict[str, ModuleType]:
    """The use cases, by name: every package or module of presets that offers functions."""
    names = sorted(each.name for each in pkgutil.iter_modules(presets.__path__))
    found = {name: importlib.import_module(f"{presets.__name__}.{name}") for name in names}
    return {name: module for name, module in found.items() if hasattr(module, "__all__")}


def entries(family: str) -> Mapping[str, Entry]:
    """The catalogue's examples of one family."""
    found: Mapping[str, Entry] = importlib.import_module(f"catalogue.{family}").ENTRIES
    return found


def document() -> str:
    """The page."""
    parts = ["# Presets", "", INTRODUCTION, ""]
    for name, module in families().items():
        parts += [*_family(name, module), ""]
    return "\n".join([*parts, *_images()]) + "\n"


def _family(name: str, module: ModuleType) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield inspect.cleandoc(module.__doc__ or "")
    yield ""
    yield "| function | what it does | image | user | Pod Security | may | exit codes | bytes | proven against |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for function, entry in entries(name).items():
        text = inspect.getdoc(getattr(module, function)) or ""
        step = entry.step
        cells = [f"`{function}`", _summary(text), _image(step), _user(step.security), _level(step)]
        cells += ["; ".join(map(_right, step.permissions)) or "nothing", _exit_codes(text, step), str(_size(step))]
        yield "| " + " | ".join([*cells, entry.proven]) + " |"
    values = [
        each for each in module.__all__ if inspect.isfunction(getattr(module, each)) and each not in entries(name)
    ]
    if values:
        yield from ("", "| function | what it returns, for a field of the workload or a container |", "|---|---|")
    for function in values:
        yield f"| `{function}` | {_summary(inspect.getdoc(getattr(module, function)) or '')} |"


def _summary(text: str) -> str:
    first = text.split("\n\n", maxsplit=1)[0].replace("\n", " ").split(". ")[0]
    return first.rstrip(".").replace("|", "\\|")


def _image(step: Step) -> str:
    """By its name among the images below, or as the example gives it."""
    names = {image: f"`images.{name}`" for name, image in vars(images).items() if name.isupper()}
    return names.get(step.image, f"`{step.image}`")


def _user(security: SecurityContext | None) -> str:
    return "the image's" if security is None or security.run_as_user is None else str(security.run_as_user)


def _level(step: Step) -> str:
    added = step.security.capabilities.add if step.security and step.security.capabilities else ()
    return step.profile + (f" ({', '.join(added)})" if added else "")


def _right(rule: PolicyRule) -> str:
    what = ", ".join(f"{each}.{group}" if group else each for each in rule.resources for group in rule.api_groups)
    which = "of this name" if rule.resource_names else "of the namespace"
    where = f" in {rule.namespace}" if rule.namespace else ""
    return f"{' and '.join(rule.verbs)} {what} {which}{where}"


def _exit_codes(text: str, step: Step) -> str:
    found = re.search(r"^Exit codes: (.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    if found:
        return found[1].replace("\n", " ").rstrip(".").replace("|", "\\|")
    return "runs until the pod ends" if isinstance(step, Sidecar) else "as above"


def _size(step: Step) -> int:
    sources = [mount.volume.source for mount in step.mounts if isinstance(mount.volume, Volume)]
    texts = [text for source in sources if isinstance(source, InlineFiles) for text in source.files.values()]
    return sum(len(text.encode()) for text in texts)


def _images() -> Iterator[str]:
    yield "## Images"
    yield ""
    yield inspect.cleandoc(images.__doc__ or "")
    yield ""
    yield "| name | image |"
    yield "|---|---|"
    for name, image in vars(images).items():
        if name.isupper():
            yield f"| `{name}` | `{image}` |"


if __name__ == "__main__":
    PAGE.write_text(document())
