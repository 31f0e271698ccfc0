"""The pod as the Pod Security admission plug-in looks at it, and the phrases of its messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter

from initconstructs.manifests.pod_template import PodTemplate, child

Container = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """A pod template for one Kubernetes minor (36 for 1.36)."""

    template: PodTemplate
    minor: int

    @property
    def spec(self) -> Mapping[str, object]:
        """The pod's spec."""
        return self.template.spec

    @property
    def path(self) -> str:
        """The path of the pod's spec."""
        return self.template.spec_path

    @property
    def security(self) -> Mapping[str, object]:
        """The pod's own security context."""
        return child(self.spec, "securityContext")

    @property
    def is_windows(self) -> bool:
        """Whether the pod says that it runs on Windows, where some fields have no meaning."""
        return child(self.spec, "os").get("name") == "windows"

    @property
    def has_user_namespace(self) -> bool:
        """Whether uid 0 in the pod is another uid on the node, which waives some checks from 1.35 on."""
        return self.spec.get("hostUsers") is False and self.minor >= 35

    def containers(self) -> Iterator[tuple[str, Container]]:
        """Path and container; init containers and sidecars come first and get no exception."""
        return self.template.all_containers()

    def where(self, test: Callable[[Container], object]) -> Offenders:
        """The containers for which the test holds."""
        return Offenders(
            [(path, str(container.get("name"))) for path, container in self.containers() if test(container)]
        )

    def host_ports(self, container: Container) -> list[int]:
        """The ports on the node; in a Pod (not in a template) hostNetwork makes every port one."""
        ports = container.get("ports")
        defaulted = self.spec.get("hostNetwork") is True and not self.template.path
        numbers = [
            port.get("hostPort") or (port.get("containerPort") if defaulted else 0)
            for port in (ports if isinstance(ports, list) else [])
            if isinstance(port, Mapping)
        ]
        return [number for number in numbers if isinstance(number, int) and number]


class Offenders:
    """Containers that break a rule, as its message names them."""

    def __init__(self, containers: list[tuple[str, str]]) -> None:
        self.containers = containers

    def __bool__(self) -> bool:
        return bool(self.containers)

    def __str__(self) -> str:
        names = [name for _, name in self.containers]
        return f"{plural('container', names)} {quoted(names)}"

    @property
    def use(self) -> str:
        """The verb after the names."""
        return "use" if len(self.containers) > 1 else "uses"

    def by_name(self) -> Offenders:
        """In the order of their names, each once."""
        return Offenders(
            sorted({name: (path, name) for path, name in reversed(self.containers)}.values(), key=itemgetter(1))
        )

    def path(self, field: str) -> str:
        """The field in the first container."""
        return f"{self.containers[0][0]}.{field}"


def security(container: Container) -> Mapping[str, object]:
    """A container's security context."""
    return child(container, "securityContext")


def setters(pod_sets: object, offenders: Offenders) -> str:
    """`pod and container "a"`: whoever sets what is forbidden; empty when nobody does."""
    return " and ".join([*(["pod"] if pod_sets else []), *([str(offenders)] if offenders else [])])


def setter_path(pod: Pod, pod_sets: object, offenders: Offenders, field: str) -> str:
    """Where the first of the setters sets it."""
    return f"{pod.path}.{field}" if pod_sets or not offenders else offenders.path(field)


def plural(word: str, items: Iterable[object]) -> str:
    """The word, with an s when there is more than one item."""
    return word if len(list(items)) == 1 else f"{word}s"


def quoted(items: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{item}"' for item in items)


def strings(owner: Mapping[str, object], field: str) -> list[str]:
    """The strings in a list field; empty where there is none."""
    value = owner.get(field)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
