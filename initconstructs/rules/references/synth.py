"""All objects of one synth, by name and by what they refer to."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from initconstructs.manifests.pod_template import PodTemplate, child, workloads
from initconstructs.rules.startup.stage import Workload, workload

Manifest = Mapping[str, object]


class Synth:
    """What the objects of one synth know of one another. A missing namespace is one namespace of its own."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self.manifests = list(manifests)
        self._last_workload: tuple[Manifest | None, Workload | None] = (None, None)
        self._by_name = {(kind(m), namespace(m), name(m)): m for m in self.manifests}

    def find(self, of_kind: str, in_namespace: str, called: str) -> Manifest | None:
        """The object of that name."""
        return self._by_name.get((of_kind, in_namespace, called))

    def nearest(self, of_kind: str, in_namespace: str, called: str) -> str:
        """The name in this synth that a misspelt one may have meant, or ''."""
        names = self._names.get((of_kind, in_namespace), [])
        return next(iter(difflib.get_close_matches(called, names, n=1, cutoff=0.8)), "")

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], list[str]]:
        index: dict[tuple[str, str], list[str]] = defaultdict(list)
        for of_kind, in_namespace, called in self._by_name:
            index[of_kind, in_namespace].append(called)
        return index

    def of_kind(self, of_kind: str) -> Iterator[Manifest]:
        """Every object of the kind."""
        return (manifest for manifest in self.manifests if kind(manifest) == of_kind)

    def workload(self, manifest: Manifest) -> Workload | None:
        """The manifest as the rules of start-up see it, read once for all rules."""
        if self._last_workload[0] is not manifest:
            scaled = kind(manifest), namespace(manifest), name(manifest)
            self._last_workload = manifest, workload(manifest, self._autoscalers.get(scaled))
        return self._last_workload[1]

    @cached_property
    def _autoscalers(self) -> Mapping[tuple[str, str, str], Manifest]:
        """By kind, namespace and name of what they scale."""
        return {
            (str(target.get("kind", "Deployment")), namespace(each), str(target.get("name"))): each
            for of_kind in ("HorizontalPodAutoscaler", "ScaledObject")
            for each in self.of_kind(of_kind)
            if (target := child(each, "spec", "scaleTargetRef"))
        }

    @cached_property
    def workloads(self) -> list[tuple[Manifest, PodTemplate]]:
        """Everything that runs pods."""
        return list(workloads(self.manifests))

    def selected(self, in_namespace: str, selector: Mapping[str, object]) -> list[PodTemplate]:
        """The pods that the labels select."""
        first = next(iter(selector.items()))
        candidates = self._by_label.get((in_namespace, first[0], str(first[1])), [])
        return [template for template in candidates if _matches(child(template.metadata, "labels"), selector)]

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str], list[PodTemplate]]:
        index: dict[tuple[str, str, str], list[PodTemplate]] = defaultdict(list)
        for manifest, template in self.workloads:
            for key, value in child(template.metadata, "labels").items():
                index[namespace(manifest), key, str(value)].append(template)
        return index

    @cached_property
    def has_keys(self) -> bool:
        """Whether there is anything that a key could be missing from."""
        return any(kind(manifest) in ("ConfigMap", "Secret") for manifest in self.manifests)

    @cached_property
    def expiring_jobs(self) -> Mapping[tuple[str, str], object]:
        """By namespace and name: after how many seconds a finished Job removes itself."""
        ttls = {
            (namespace(job), name(job)): child(job, "spec").get("ttlSecondsAfterFinished")
            for job in self.of_kind("Job")
        }
        return {job: seconds for job, seconds in ttls.items() if seconds is not None}

    @cached_property
    def service_accounts_in_use(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of every service account that a pod of this synth runs as."""
        return frozenset(
            (namespace(manifest), str(template.spec.get("serviceAccountName") or "default"))
            for manifest, template in self.workloads
        )


def _matches(labels: Manifest, selector: Manifest) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def kind(manifest: Manifest) -> str:
    """The object's kind."""
    return str(manifest.get("kind"))


def name(manifest: Manifest) -> str:
    """The object's name."""
    return str(child(manifest, "metadata").get("name") or "")


def namespace(manifest: Manifest) -> str:
    """The object's namespace; '' where none is written."""
    return str(child(manifest, "metadata").get("namespace") or "")
