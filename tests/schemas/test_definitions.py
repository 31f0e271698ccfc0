from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from initconstructs import schemas
from initconstructs.schemas.definitions import fields_of

ROOT = Path(__file__).parents[2]
CONTAINER = "io.k8s.api.core.v1.Container"


def test_the_data_are_what_the_published_schemas_say() -> None:
    tool = ROOT / "tools" / "compile_schemas.py"
    assert subprocess.run([sys.executable, tool, "--check"], check=False, cwd=ROOT).returncode == 0


@pytest.mark.parametrize(("minor", "known"), [(33, False), (34, True), (36, True)])
def test_a_field_exists_from_its_first_minor_on(minor: int, known: bool) -> None:
    assert ("restartPolicyRules" in fields_of(CONTAINER, minor)) is known


@pytest.mark.parametrize(("minor", "known"), [(34, False), (35, True), (36, False)])
def test_a_field_that_was_given_up_is_gone(minor: int, known: bool) -> None:
    assert ("workloadRef" in fields_of("io.k8s.api.core.v1.PodSpec", minor)) is known


@pytest.mark.parametrize("text", ["1.36", "v1.36", "1.36.2"])
def test_a_version_may_be_written_in_several_ways(text: str) -> None:
    assert schemas.minor_of(text) == 36


@pytest.mark.parametrize("text", ["", "1", "2.36", "1.29", "1.99", "1.x", "latest"])
def test_a_version_without_schemas_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"use a minor from 1\.30 to 1\.37"):
        schemas.minor_of(text)


def test_kinds_are_known_by_version_and_minor() -> None:
    assert schemas.definition_of("apps/v1", "Deployment", 36) == "io.k8s.api.apps.v1.Deployment"
    assert schemas.definition_of("example.com/v1", "Deployment", 36) is None
    assert schemas.definition_of("storage.k8s.io/v1", "VolumeAttributesClass", 33) is None
    assert schemas.versions_of("ingress", 36) == ["networking.k8s.io/v1 Ingress"]
