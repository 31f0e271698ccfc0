"""All examples as one app: what `cdk8s synth` runs in this repository."""

import runpy
from pathlib import Path

from cdk8s import App

app = App()
for example in sorted(Path(__file__).parent.glob("[0-9]*.py")):
    runpy.run_path(str(example))["add_to"](app)
app.synth()
