"""What a rule says of a manifest: data only; reports print it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How bad a finding is: errors can't work, warnings hang, race or leak, infos explain."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectRef:
    """The object a finding is about, as `kubectl` names it."""

    api_version: str
    kind: str
    namespace: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing, in one place of one object.

    `path` is written as the API server writes it: `spec.template.spec.initContainers[0].image`.
    `line` and `column` count from 1 and are there when the manifest was read from YAML. `acknowledged` is the reason
    that the object's author gave for living with it.
    """

    rule: str
    family: str
    severity: Severity
    object: ObjectRef
    path: str
    message: str
    fix: str
    file: str | None = None
    document: int | None = None
    line: int | None = None
    column: int | None = None
    acknowledged: str | None = None
