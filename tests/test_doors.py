"""Two doors: the pure one costs nothing of Node, the layers hold, and the constructs take what the values have."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import fields
from pathlib import Path
from typing import get_origin

import pytest
from typing_extensions import get_type_hints

import initconstructs
from initconstructs import schemas
from initconstructs.model import keywords
from initconstructs.model import workload as values
from initconstructs.model.kubernetes import NEWEST_KUBERNETES, OLDEST_KUBERNETES

ROOT = Path(__file__).parent.parent
KINDS = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]

IMPORT = """
import subprocess, sys
def refuse(*args, **given):
    raise AssertionError(f"a process was started: {args}")
subprocess.Popen.__init__ = refuse
import initconstructs
for name in initconstructs.__all__:
    getattr(initconstructs, name)
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted(loaded & {"jsii", "cdk8s", "constructs", "yaml", "jsonschema_rs"}))
"""


def test_the_pure_door_imports_no_cdk8s_and_starts_no_process() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize("layer", ["model", "manifests", "rendering", "rules", "planning", "presets", "reports"])
def test_no_layer_below_the_cdk8s_door_imports_it(layer: str) -> None:
    program = f"import sys, initconstructs.{layer}; print('jsii' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_layers_hold() -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_names_of_the_door_are_listed_once_in_their_order() -> None:
    listed = initconstructs.__all__
    assert len(listed) == len(set(listed))
    assert listed == sorted(listed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_keywords_of_a_construct_are_the_fields_of_its_value(kind: str) -> None:
    value, typed = getattr(values, f"{kind}Spec"), getattr(keywords, f"{kind}Keywords")
    hints = get_type_hints(value, vars(values))
    assert get_type_hints(typed, vars(keywords)) == {each.name: hints[each.name] for each in fields(value)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_keywords_without_a_default_are_required(kind: str) -> None:
    value, typed = getattr(values, f"{kind}Spec"), getattr(keywords, f"{kind}Keywords")
    needed = {name for name, each in value.__signature__.parameters.items() if each.default is each.empty}
    hints = get_type_hints(typed, vars(keywords), include_extras=True)
    assert {name for name, hint in hints.items() if str(get_origin(hint)).endswith("Required")} == needed - {"name"}


def test_every_public_name_has_one_home() -> None:
    assert set(initconstructs.__all__) == set(initconstructs._HOME_OF)
    assert all(getattr(initconstructs, name) is not None for name in initconstructs.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Stagge'"):
        _ = initconstructs.Stagge


def test_the_model_knows_the_versions_that_the_schemas_have() -> None:
    assert (OLDEST_KUBERNETES, NEWEST_KUBERNETES) == (schemas.OLDEST, schemas.NEWEST)
