"""What the clouds' presets put into the manifest: the texts of their authors, unchanged, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import Container, DeploymentSpec, ModelError, SecretKey, Stage, render
from initconstructs.presets import fetching
from tests.presets.conftest import expanded

ANY = st.one_of(
    st.text(max_size=40),
    st.text("ab/-.#$()`'\"\n\\ ", max_size=40),
    st.sampled_from(["$(HOME)", "`id`", "';id;'", "a" * 4096, "é" * 99, "../x", "a/../b", "\ud800", "\0"]),
)
PRESETS: dict[str, Callable[[str], Stage]] = {
    "a secret": lambda text: fetching.aws_secrets(files={"a": text}),
    "a file": lambda text: fetching.aws_secrets(files={text: "a"}),
    "a variable": lambda text: fetching.aws_secrets(environment={text: "a"}),
    "a region": lambda text: fetching.aws_secrets(files={"a": "b"}, region=text),
    "a parameter": lambda text: fetching.aws_parameters(files={"a": text}),
    "a path": fetching.aws_parameters,
    "an S3 key": lambda text: fetching.s3(f"s3://models/{text}"),
    "a GCS name": lambda text: fetching.gcs(f"gs://models/{text}"),
    "a blob's URL": lambda text: fetching.azure_blob(f"https://a.example/models/{text}"),
    "a Google secret": lambda text: fetching.google_secrets(project="acme", files={"a": text}),
    "a project": lambda text: fetching.google_secrets(project=text, files={"a": "b"}),
    "an Azure secret": lambda text: fetching.azure_key_vault("acme", files={"a": text}),
    "authorities": lambda text: fetching.gcs("gs://models/a", ca_file=text),
}


@pytest.mark.parametrize("make", PRESETS.values(), ids=PRESETS)
@given(text=ANY)
def test_any_text_reaches_the_program_unchanged_or_is_refused(make, text):
    try:
        stage = make(text)
    except ModelError:
        return
    container = rendered(stage)["spec"]["template"]["spec"]["initContainers"][0]
    assert container["command"][-1].endswith("import start; start()")
    _, spec = (expanded(word, {"HOME": "/root"}) for word in container["args"])
    assert any(each == text or each.endswith(f"/{text}") for each in texts(json.loads(spec)))


def texts(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from texts(each)


def rendered(stage: Stage) -> dict[str, Any]:
    app = Container("app", image="example.org/app:1")
    return yaml.safe_load(yaml.safe_dump(render(DeploymentSpec("app", containers=[app], stages=[stage]))[0]))


def test_keys_are_in_the_manifest_by_their_name_alone():
    keys = fetching.AwsKeys(
        key_id=SecretKey("aws", "id"), secret=SecretKey("aws", "secret"), token=SecretKey("aws", "token")
    )
    container = rendered(fetching.s3("s3://models/a", keys=keys))["spec"]["template"]["spec"]["initContainers"][0]
    found = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert found == {
        "AWS_ACCESS_KEY_ID": {"name": "aws", "key": "id"},
        "AWS_SECRET_ACCESS_KEY": {"name": "aws", "key": "secret"},
        "AWS_SESSION_TOKEN": {"name": "aws", "key": "token"},
    }


def test_an_object_that_can_be_no_file_of_the_directory():
    with pytest.raises(ModelError, match="below the directory"):
        fetching.gcs("gs://models/a/..")


@pytest.mark.parametrize("mode", ["", "rw", "400 ", "0888", "01000", 0o400, None])
def test_what_is_no_mode(mode):
    with pytest.raises(ModelError, match="octal digits"):
        fetching.aws_secrets(files={"a": "b"}, mode=mode)
    with pytest.raises(ModelError, match="octal digits"):
        fetching.s3("s3://models/a", mode=mode)


@pytest.mark.parametrize("endpoint", ["store", "ftp://store", "https://", "https://u:p@store", "https://store?x=1", 7])
def test_what_is_no_endpoint(endpoint):
    with pytest.raises(ModelError, match="endpoint"):
        fetching.s3("s3://models/a", endpoint=endpoint)


def test_tokens_and_secrets_travel_over_tls_only():
    for make in (
        lambda: fetching.aws_secrets(files={"a": "b"}, endpoint="http://store.example"),
        lambda: fetching.gcs("gs://models/a", endpoint="http://store.example"),
        lambda: fetching.azure_blob("https://a.example/models/a", endpoint="http://store.example"),
    ):
        with pytest.raises(ModelError, match="must be https"):
            make()
    assert fetching.s3("s3://models/a", endpoint="http://minio.storage.svc:9000")  # signed, and the key stays here
