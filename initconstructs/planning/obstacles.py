"""What keeps a container, or the whole pod, from starting although its turn has come: images, Secrets, ConfigMaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from initconstructs.manifests.pod_template import child, entries
from initconstructs.planning.behaviour import runs_as_root
from initconstructs.planning.pod import Container, Pod
from initconstructs.planning.scenario import Event, Happening

INVALID_IMAGE, NEVER_PULL, PULL_FAILED, PULL_WAITS = (
    "InvalidImageName",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
)
CONFIG_ERROR = "CreateContainerConfigError"

_DOMAIN = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*)(?::[0-9]+)?", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*")
_SUFFIX = re.compile(r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?", re.ASCII)
"""Source: github.com/distribution/reference, the grammar in its package comment."""


def obstacle(container: Container, pod: Pod, events: Sequence[Event], now: float) -> str:
    """Why the container can't start now, as the kubelet names it; empty when it can."""
    if not _is_image_name(container.image):
        return INVALID_IMAGE
    if _holds(Happening.IMAGE_MISSING, (container.name, container.image), events, now):
        return NEVER_PULL if container.raw.get("imagePullPolicy") == "Never" else PULL_FAILED
    if runs_as_root(container, pod, [event for event in events if is_on(event, now)]):
        return CONFIG_ERROR
    for kind, name in _environment_sources(container):
        if _holds(kind, (name,), events, now):
            return CONFIG_ERROR
    return ""


@lru_cache(maxsize=1024)
def _is_image_name(text: str) -> bool:
    """The part before the first slash is a registry when it couldn't be part of a repository's name."""
    domain, slash, rest = text.partition("/")
    if slash and (domain == "localhost" or re.search(r"[.:A-Z]", domain)):
        if not _DOMAIN.fullmatch(domain):
            return False
        text = rest
    repository = _REPOSITORY.match(text)
    return repository is not None and bool(_SUFFIX.fullmatch(text, repository.end()))


def volume_obstacle(pod: Pod, events: Sequence[Event], now: float) -> bool:
    """Whether a volume that some container mounts can't be set up; one that nobody mounts doesn't matter."""
    mounted = {
        str(mount.get("name"))
        for container in pod.containers
        for _, mount in entries(container.raw, "volumeMounts", "")
    }
    volumes = [volume for _, volume in entries(pod.spec, "volumes", "") if str(volume.get("name")) in mounted]
    return any(_holds(kind, (name,), events, now) for kind, name in _volume_sources(volumes))


def is_on(event: Event, now: float) -> bool:
    """Whether a condition holds at this moment."""
    return event.at_s <= now and (event.until_s is None or now < event.until_s)


def _holds(what: Happening, names: Iterable[str], events: Sequence[Event], now: float) -> bool:
    return any(event.what is what and is_on(event, now) and event.concerns(*names) for event in events)


def _environment_sources(container: Container) -> Iterator[tuple[Happening, str]]:
    references = [child(variable, "valueFrom") for _, variable in entries(container.raw, "env", "")]
    keys = (("secretKeyRef", "configMapKeyRef"), ("secretRef", "configMapRef"))
    for source in references:
        yield from _required(source, *keys[0])
    for _, source in entries(container.raw, "envFrom", ""):
        yield from _required(source, *keys[1])


def _volume_sources(volumes: Iterable[Mapping[str, object]]) -> Iterator[tuple[Happening, str]]:
    for volume in volumes:
        yield from _required(volume, "secret", "configMap")
        for _, source in entries(child(volume, "projected"), "sources", ""):
            yield from _required(source, "secret", "configMap")


def _required(owner: Mapping[str, object], secret: str, config_map: str) -> Iterator[tuple[Happening, str]]:
    for field, kind in ((secret, Happening.SECRET_MISSING), (config_map, Happening.CONFIG_MAP_MISSING)):
        reference = child(owner, field)
        name = reference.get("name", reference.get("secretName"))
        if reference and name and reference.get("optional") is not True:
            yield kind, str(name)
