"""Manifests as text and as data: YAML in (`yaml_in`), YAML out (`yaml_out`), the pod in a workload (`pod_template`)."""
