"""All families over all objects of one synth, and what their authors acknowledge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from initconstructs.manifests.document import Document
from initconstructs.manifests.pod_template import child
from initconstructs.rules import api_server, pod_security, references, startup
from initconstructs.rules.decoding import DUPLICATE_KEY
from initconstructs.rules.finding import Finding, ObjectRef
from initconstructs.rules.registry import selected
from initconstructs.rules.rule import Names, Problem

ACKNOWLEDGE = "initconstructs.dev/acknowledge."
"""An object's annotation `initconstructs.dev/acknowledge.<rule>: <reason>` silences the rule for that object."""

_ENFORCED_LEVEL = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """The settings of one check and what its objects say of one another."""

    kubernetes: str
    profile: str | None
    levels: Mapping[str, str]
    synth: references.Synth
    wanted: frozenset[str]

    def problems(self, manifest: Mapping[str, object]) -> Iterator[Problem]:
        yield from api_server.check(manifest, kubernetes=self.kubernetes)
        yield from api_server.dropped(manifest, kubernetes=self.kubernetes)
        if level := self.profile or self.levels.get(_namespace(manifest) or "default"):
            yield from pod_security.check(manifest, level=level, kubernetes=self.kubernetes)
        yield from references.check(manifest, self.synth)
        if workload := self.synth.workload(manifest):
            yield from startup.check_workload(workload)

    def findings(self, item: Document | Mapping[str, object]) -> Iterator[Finding]:
        document = item if isinstance(item, Document) else None
        manifest = document.manifest if document else item
        assert isinstance(manifest, Mapping)
        problems = [*_duplicates(document), *self.problems(manifest)]
        about, reasons = _object(manifest), child(manifest, "metadata", "annotations")
        for problem in problems:
            if problem.rule.id in self.wanted:
                yield _finding(problem, about, document, _acknowledged(problem, reasons))


def findings(
    items: Sequence[Document | Mapping[str, object]],
    *,
    kubernetes: str,
    profile: str | None,
    select: Names,
    ignore: Names,
) -> list[Finding]:
    """See `initconstructs.rules.check`."""
    manifests = [item.manifest if isinstance(item, Document) else item for item in items]
    run = _Run(
        kubernetes=kubernetes,
        profile=profile,
        levels=_enforced_levels(manifests),
        synth=references.Synth(manifests),
        wanted=selected(select, ignore),
    )
    return [finding for item in items for finding in run.findings(item)]


def _duplicates(document: Document | None) -> Iterator[Problem]:
    for key in document.duplicates if document else ():
        message = f"the key stands here again, in line {key.line}; the API server refuses that"
        yield Problem(rule=DUPLICATE_KEY, path=key.path, message=message)


def _finding(problem: Problem, about: ObjectRef, document: Document | None, acknowledged: str | None) -> Finding:
    line, column = document.position(problem.path) if document else (None, None)
    return Finding(
        rule=problem.rule.id,
        family=problem.rule.family,
        severity=problem.rule.severity,
        object=about,
        path=problem.path,
        message=problem.message,
        fix=problem.rule.fix,
        file=document.file if document else None,
        document=document.index if document else None,
        line=line,
        column=column,
        acknowledged=acknowledged,
    )


def _acknowledged(problem: Problem, annotations: Mapping[str, object]) -> str | None:
    """What the API server refuses can't be lived with."""
    reason = annotations.get(f"{ACKNOWLEDGE}{problem.rule.id}")
    may_be = not (problem.rule.family == "api-server" and problem.rule.severity == "error")
    return reason if may_be and isinstance(reason, str) and reason.strip() else None


def _enforced_levels(manifests: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """The Pod Security level of each Namespace in the synth that enforces one."""
    namespaces = [manifest for manifest in manifests if manifest.get("kind") == "Namespace"]
    levels = {
        str(child(namespace, "metadata").get("name")): child(namespace, "metadata", "labels").get(_ENFORCED_LEVEL)
        for namespace in namespaces
    }
    return {name: str(level) for name, level in levels.items() if level in pod_security.LEVELS}


def _object(manifest: Mapping[str, object]) -> ObjectRef:
    name = child(manifest, "metadata").get("name")
    return ObjectRef(
        api_version=str(manifest.get("apiVersion") or ""),
        kind=str(manifest.get("kind") or ""),
        namespace=_namespace(manifest),
        name=name if isinstance(name, str) else None,
    )


def _namespace(manifest: Mapping[str, object]) -> str | None:
    namespace = child(manifest, "metadata").get("namespace")
    return namespace if isinstance(namespace, str) and namespace else None
