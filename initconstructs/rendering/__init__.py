"""From the model to manifests: `values` and `volumes` the parts, `pod` the pod, `workload` the object and its company."""
