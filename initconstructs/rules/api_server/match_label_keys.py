"""Label keys whose values the pod itself gives to a selector.

Source: validateMatchLabelKeysAndMismatchLabelKeys and validateMatchLabelKeysInTopologySpread in
pkg/apis/core/validation/validation.go; the merge on Pods in pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from initconstructs.rules.api_server.cause import forbidden, invalid
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import label_key
from initconstructs.rules.api_server.pod_context import PodContext


@rule("match-label-keys", fix="Add a labelSelector, and write each key as a label's key.")
def label_keys(keys: Sequence[str], path: str, selector: Node | None) -> Causes:
    """matchLabelKeys and mismatchLabelKeys are label keys beside a selector.

    What: both need the labelSelector that they narrow; each key is written as a label's key.
    Why: without a selector nothing is selected that could be narrowed.
    Example: `matchLabelKeys: [pod-template-hash]` without labelSelector.
    Fix: add the labelSelector.
    Source: validateLabelKeys in pkg/apis/core/validation/validation.go
    """
    if keys and selector is None:
        yield forbidden(path, "must not be specified when labelSelector is not set")
        return
    for index, key in enumerate(keys):
        for complaint in label_key(key):
            yield invalid(f"{path}[{index}]", key, complaint)


@rule("merged-label-keys", fix="Name each key once: in matchLabelKeys, in mismatchLabelKeys or in the labelSelector.")
def merged_keys(
    keys: Sequence[str], mismatched: Sequence[str], selector: Node, path: str, pod: PodContext, *, spread: bool = False
) -> Causes:
    """A key is either given by the pod or by the selector.

    What: no key is in matchLabelKeys and mismatchLabelKeys, nor in one of them and in the labelSelector. Of a Pod, the
    server first adds an expression for each key that is a label of it, so any use in the selector counts.
    Why: two requirements on one key would contradict each other.
    Example: `matchLabelKeys: [app]` beside `labelSelector: {matchLabels: {app: web}}` in a Pod.
    Fix: remove the key from one of them.
    Source: validateMatchLabelKeysAndMismatchLabelKeys in pkg/apis/core/validation/validation.go
    """
    detail = "exists in both matchLabelKeys and labelSelector"
    if spread and not pod.target.enabled("MatchLabelKeysInPodTopologySpreadSelectorMerge"):
        used = {*(selector.get("matchLabels") or ()), *(each.get("key") for each in _expressions(selector))}
        for index, key in enumerate(keys):
            if key in used:
                yield invalid(f"{path}.matchLabelKeys[{index}]", key, detail)
        return
    seen: set[str] = set(selector.get("matchLabels") or ())
    places = {key: index for index, key in enumerate(keys)}
    for key in _merged(keys, mismatched, selector, pod):
        if key in seen and key in places:
            yield invalid(f"{path}[{places[key]}]", key, detail)
        seen.add(key)
    for index, key in enumerate(keys):
        if key in mismatched:
            yield invalid(f"{path}.matchLabelKeys[{index}]", key, "exists in both matchLabelKeys and mismatchLabelKeys")


def _merged(keys: Sequence[str], mismatched: Sequence[str], selector: Node, pod: PodContext) -> list[str]:
    """The keys of the selector's expressions, those included that the server adds to a Pod's."""
    labels = (pod.pod or {}).get("labels") or {}
    added = [key for key in (*keys, *mismatched) if key in labels]
    return [*(each.get("key") or "" for each in _expressions(selector)), *added]


def _expressions(selector: Node) -> Sequence[Node]:
    return selector.get("matchExpressions") or ()


RULES = (label_keys.rule, merged_keys.rule)
