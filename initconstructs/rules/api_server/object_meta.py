"""The metadata of an object: name, namespace, labels, annotations, owners, finalizers.

The field manager rewrites `managedFields` on create, so nothing an author writes there is ever refused.

Sources: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, k8s.io/kubernetes/pkg/apis/core/validation/validation.go,
k8s.io/apiserver/pkg/registry/rest/create.go and storage/names/generate.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server import formats
from initconstructs.rules.api_server.cause import Cause, forbidden, invalid, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.formats import Check, dns_label, label_key
from initconstructs.rules.api_server.selector import labels

STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}

_NONE: Node = {}
_LONGEST_GENERATED_BASE = 58
_LARGEST_ANNOTATIONS = 256 * 1024


@rule("object-name", fix="Give metadata.name (or generateName) in the form that the kind asks for.")
def object_name(metadata: Node, grammar: Check) -> Causes:
    """An object has a name that its kind allows.

    What: most kinds take a DNS subdomain (lower case, digits, `-`, `.`; at most 253), a StatefulSet a DNS label of at
    most 63, a Service a DNS label that up to 1.35 starts with a letter, RBAC kinds and PodDisruptionBudgets any path
    segment. `generateName` follows the same form, but may end in `-`.
    Why: names end up in URLs, in DNS, and in the names of pods.
    Example: `name: My_App` is refused, `name: my-app` is fine.
    Fix: use lower-case letters, digits and `-`.
    Source: ValidateObjectMeta in apimachinery/pkg/api/validation/objectmeta.go, and nameFn of each kind.
    """
    base, name = metadata.get("generateName") or "", given_name(metadata)
    for complaint in _generated(base, grammar) if base else ():
        yield invalid("metadata.generateName", base, complaint)
    if not name:
        yield required("metadata.name", "name or generateName is required")
        return
    for complaint in grammar(name):
        yield invalid("metadata.name", name, complaint)


def given_name(metadata: Node) -> str:
    """The name that an object gets; what the server appends to a generateName is as random as this, and as harmless."""
    base = metadata.get("generateName") or ""
    return metadata.get("name") or (f"{base[:_LONGEST_GENERATED_BASE]}x7k2p" if base else "")


def _generated(base: str, grammar: Check) -> formats.Complaints:
    if grammar is formats.path_segment:
        return formats.path_segment_prefix(base)
    return grammar(f"{base[:-2]}a" if len(base) > 1 and base.endswith("-") else base)


@rule("namespace", fix="Name an existing namespace, a DNS label; leave it out for cluster-wide kinds.")
def namespace(metadata: Node, namespaced: bool) -> Causes:
    """A namespace is a DNS label, and cluster-wide objects have none.

    What: `metadata.namespace` is a DNS label of at most 63 characters; ClusterRoles and ClusterRoleBindings have none.
    Why: it is part of every Service's DNS name.
    Example: `namespace: My.Team` is refused, `namespace: my-team` is fine.
    Fix: use lower-case letters, digits and `-`.
    Source: ValidateObjectMetaAccessor in apimachinery/pkg/api/validation/objectmeta.go.
    """
    value = metadata.get("namespace") or ""
    if not namespaced:
        if value:
            yield forbidden("metadata.namespace", "not allowed on this type")
        return
    for complaint in dns_label(value) if value else ():
        yield invalid("metadata.namespace", value, complaint)


@rule("generation", fix="Leave metadata.generation out; the server counts it.")
def generation(metadata: Node) -> Causes:
    """A generation is not negative.

    What: `metadata.generation`, where the server takes it from the manifest at all, is at least 0.
    Why: controllers compare it with what they have observed.
    Example: `generation: -1` on a ConfigMap is refused.
    Fix: remove the field.
    Source: ValidateObjectMetaAccessor in apimachinery/pkg/api/validation/objectmeta.go.
    """
    if metadata["generation"] < 0:
        yield invalid("metadata.generation", metadata["generation"], "must be greater than or equal to 0")


@rule("annotations", fix="Write keys as [dns.prefix/]name and keep all annotations together below 256 KiB.")
def annotation_map(annotations: Node, path: str) -> Causes:
    """Annotations have well-formed keys and are not too large.

    What: a key is written as a label's key, except that capitals are allowed in its prefix; keys and values together
    hold at most 262144 bytes.
    Why: annotations are stored with the object and travel with every watch event.
    Example: `"my note": x` is refused, `example.com/note: x` is fine.
    Fix: rename the key; move large values into a ConfigMap.
    Source: ValidateAnnotations in apimachinery/pkg/api/validation/objectmeta.go.
    """
    for key in annotations:
        for complaint in label_key(key.lower()):
            yield invalid(path, key, complaint)
    if sum(formats.size(key) + formats.size(value or "") for key, value in annotations.items()) > _LARGEST_ANNOTATIONS:
        yield too_long(path, _LARGEST_ANNOTATIONS)


@rule("owner-reference", fix="Give each owner apiVersion, kind, name and uid, and mark at most one as controller.")
def owner_references(references: list[Node]) -> Causes:
    """An owner reference is complete, and one owner at most is the controller.

    What: apiVersion, kind, name and uid are there, the owner is no Event, and `controller: true` stands at most once.
    Why: garbage collection deletes what has no owner left; a wrong reference deletes too much.
    Example: an owner without uid is refused.
    Fix: leave owner references to controllers, or copy all four fields from the live owner.
    Source: ValidateOwnerReferences in apimachinery/pkg/api/validation/objectmeta.go.
    """
    path, controller = "metadata.ownerReferences", ""
    for reference in references:
        yield from _owner_reference(reference, path)
        if reference.get("controller"):
            owner = f"{reference.get('kind', '')}/{reference.get('name', '')}"
            if controller:
                yield _second_controller(references, controller, owner)
            controller = controller or owner


def _owner_reference(reference: Node, path: str) -> Causes:
    if not _version(reference.get("apiVersion") or ""):
        yield invalid(f"{path}.apiVersion", reference.get("apiVersion", ""), "version must not be empty")
    for field in ("kind", "name", "uid"):
        if not reference.get(field):
            yield invalid(f"{path}.{field}", "", "must not be empty")
    if reference.get("apiVersion") == "v1" and reference.get("kind") == "Event":
        yield invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner")


def _version(api_version: str) -> str:
    group, _, version = api_version.rpartition("/")
    return "" if "/" in group else version


def _second_controller(references: list[Node], first: str, second: str) -> Cause:
    return invalid(
        "metadata.ownerReferences",
        references,
        f'Only one reference can have Controller set to true. Found "true" in references for {first} and {second}',
    )


@rule("finalizer", fix="Name finalizers like example.com/cleanup; without a prefix only the server's own are known.")
def finalizers(names: list[str], standard: bool) -> Causes:
    """A finalizer is a qualified name.

    What: a finalizer is written `example.com/name`; without a prefix it is `kubernetes`, `orphan` or
    `foregroundDeletion`, and the last two exclude each other.
    Why: an object with a finalizer that nobody knows can never be deleted.
    Example: `finalizers: [cleanup]` is refused, `[example.com/cleanup]` is fine.
    Fix: prefix it with a domain of yours.
    Source: ValidateFinalizers in apimachinery/pkg/api/validation/objectmeta.go, validateKubeFinalizerName.
    """
    path = "metadata.finalizers"
    for name in names:
        for complaint in label_key(name):
            yield invalid(path, name, complaint)
    if "orphan" in names and "foregroundDeletion" in names:
        yield invalid(path, names, "finalizer orphan and foregroundDeletion cannot be both set")
    for index, name in enumerate(names if standard else ()):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"{path}[{index}]", name, detail)


def object_meta(
    manifest: Node, grammar: Check, *, namespaced: bool = True, counted: bool = True, generic: bool = False
) -> Problems:
    """The problems of an object's metadata.

    `grammar` is the form of the kind's names; `counted` says that the server sets the generation itself; `generic` that
    only the check common to all kinds runs, which lets any finalizer name pass.
    """
    metadata = manifest.get("metadata") or _NONE
    yield from object_name(metadata, grammar)
    if "namespace" in metadata:
        yield from namespace(metadata, namespaced)
    if "generation" in metadata and not counted:
        yield from generation(metadata)
    if "labels" in metadata:
        yield from labels(metadata["labels"], "metadata.labels")
    if "annotations" in metadata:
        yield from annotation_map(metadata["annotations"], "metadata.annotations")
    if "ownerReferences" in metadata:
        yield from owner_references(metadata["ownerReferences"])
    if "finalizers" in metadata:
        yield from finalizers(metadata["finalizers"], not generic)


RULES = (
    object_name.rule,
    namespace.rule,
    generation.rule,
    annotation_map.rule,
    owner_references.rule,
    finalizers.rule,
)
