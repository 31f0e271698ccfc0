"""How services run at Acme: `acme_app()` for the app, `Service(...)` for each thing in it."""

from acme_platform.service import Service
from acme_platform.settings import SETTINGS, acme_app
from acme_platform.stages import LOGS, LOGS_READY

__all__ = ["LOGS", "LOGS_READY", "SETTINGS", "Service", "acme_app"]
