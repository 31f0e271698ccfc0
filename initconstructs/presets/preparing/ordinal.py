"""The pod's place in its StatefulSet."""

from __future__ import annotations

from initconstructs.model.environment import FieldRef

ORDINAL = FieldRef("metadata.labels['apps.kubernetes.io/pod-index']")
"""Set on pods of a StatefulSet from Kubernetes 1.28; empty elsewhere.

https://kubernetes.io/docs/reference/labels-annotations-taints/#apps-kubernetes.io-pod-index
"""
