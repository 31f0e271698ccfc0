"""What all tests share: properties that a busy machine can't fail."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")
