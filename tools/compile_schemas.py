"""Compile the published Kubernetes schemas into initconstructs/schemas/definitions.json.

    python tools/compile_schemas.py           writes the file from what PyPI kubernetes-validate carries
    python tools/compile_schemas.py --check   exits with 1 when the file is not what would be written

The schemas fill 108 MB; the shapes of the kinds we speak for fill a few hundred lines, one definition a line, every
minor in one file, so that a new minor is a diff one can read. Descriptions go, and so do `required` and `enum`: the
server decodes without either and judges them afterwards, in code.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "initconstructs" / "schemas" / "definitions.json"
MINORS = range(30, 38)
GROUPS = (
    "admissionregistration",
    "apps",
    "autoscaling",
    "batch",
    "coordination",
    "core",
    "discovery",
    "networking",
    "node",
    "policy",
    "rbac",
    "scheduling",
    "storage",
)
VERSIONS = ("v1", "v2")

# What the server decodes by a method of its own instead of by its schema.
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "object",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "object",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intOrString",
}

Schema = Mapping[str, Any]


def published(minor: int) -> Mapping[str, Schema]:
    """Every definition of one minor, as kubernetes-validate carries it."""
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v1.{minor}.0-local-strict"
    definitions: Mapping[str, Schema] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return definitions


def type_of(schema: Schema) -> str:
    """One field's type: a scalar, the name of a definition, or either as `[]item` or `{}value`."""
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return SCALARS.get(name, name)
    kinds = schema.get("type", "object")
    kind: str = kinds if isinstance(kinds, str) else next(each for each in kinds if each != "null")
    if kind == "array":
        return f"[]{type_of(schema['items'])}"
    if kind == "object" and "additionalProperties" in schema:
        return "{}" + type_of(schema["additionalProperties"])
    if kind == "integer":
        return str(schema.get("format", "int64"))
    return "bytes" if schema.get("format") == "byte" else kind


def kinds(definitions: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    """`apps/v1/Deployment` and the definition it names, for every kind we speak for."""
    for name, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            known = name.startswith("io.k8s.api.") and name.split(".")[3] in GROUPS
            if known and gvk["version"] in VERSIONS and "items" not in schema["properties"]:
                yield "/".join(filter(None, (gvk["group"], gvk["version"], gvk["kind"]))), name


def served(definitions: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    """`apps/v1` and `Deployment`, for every kind that a server may know."""
    for schema in definitions.values():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            yield "/".join(filter(None, (gvk["group"], gvk["version"]))), gvk["kind"]


def reachable(definitions: Mapping[str, Schema], roots: list[str]) -> dict[str, dict[str, str]]:
    """The fields of each root and of every definition that it leads to."""
    shapes: dict[str, dict[str, str]] = {}
    while roots:
        name = roots.pop()
        if name in shapes:
            continue
        shapes[name] = {field: type_of(schema) for field, schema in definitions[name].get("properties", {}).items()}
        bare = (each.lstrip("[]{}") for each in shapes[name].values())
        roots += [each for each in bare if each in definitions]
    return shapes


def compiled() -> dict[str, Any]:
    """All minors in one: a field says from which minor on it exists, and until which, where that isn't always."""
    names: dict[str, dict[int, str]] = {}
    known: dict[str, dict[str, dict[int, str]]] = {}
    seen: dict[str, dict[str, dict[int, str]]] = {}
    for minor in MINORS:
        definitions = published(minor)
        found = dict(kinds(definitions))
        for kind, name in found.items():
            names.setdefault(kind, {})[minor] = name
        for api_version, kind in served(definitions):
            known.setdefault(api_version, {}).setdefault(kind, {})[minor] = "served"
        for name, fields in reachable(definitions, list(found.values())).items():
            shape = seen.setdefault(name, {})
            for field, type_name in fields.items():
                shape.setdefault(field, {})[minor] = type_name
    return {"served": spans(known), "kinds": spans({"": names})[""], "definitions": spans(seen)}


def spans(seen: Mapping[str, Mapping[str, Mapping[int, str]]]) -> dict[str, dict[str, str]]:
    """Each entry with its span, sorted."""
    return {name: {key: span(types) for key, types in sorted(seen[name].items())} for name in sorted(seen)}


def span(types: Mapping[int, str]) -> str:
    """`string`, `string since 34` or `string until 35`: Kubernetes never changes a field's type."""
    (kind,) = set(types.values())
    since = f" since {min(types)}" if min(types) != MINORS[0] else ""
    until = f" until {max(types)}" if max(types) != MINORS[-1] else ""
    return f"{kind}{since}{until}"


def rendered(data: Mapping[str, Mapping[str, object]]) -> str:
    """JSON with one kind or one definition a line."""
    sections = []
    for section, entries in data.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
        sections.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(sections) + "}\n"


def main() -> int:
    """Write the file, or hold it against the published schemas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the file is out of date")
    text = rendered(compiled())
    if not parser.parse_args().check:
        TARGET.write_text(text)
        return 0
    return int(TARGET.read_text() != text)


if __name__ == "__main__":
    sys.exit(main())
