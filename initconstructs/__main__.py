"""`python -m initconstructs` is `initconstructs`."""

from __future__ import annotations

import sys

from initconstructs.cli import main

sys.exit(main())
