"""From the model to manifests: `render` makes a workload, `attached` adds stages to a foreign one."""
