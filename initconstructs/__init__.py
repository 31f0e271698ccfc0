"""Ordered, typed start-up stages for Kubernetes workloads."""
