"""AWS signatures, against AWS' own vectors and botocore's signer."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from initconstructs.presets.scripts.fetching.sigv4 import Credentials, Scope, path_of, query_of, signed

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "sigv4.json").read_text())
"""The requests of AWS' signing test suite that a client of ours can make, with AWS' signature of each.

https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4 (Apache-2.0)
"""
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
THEN = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["name"])
def test_aws_signs_its_own_vectors_so(vector):
    found = signed(
        vector["method"],
        path_of(vector["path"]),
        query_of(vector["query"]),
        vector["headers"],
        vector["body"].encode(),
        credentials=Credentials("AKIDEXAMPLE", SECRET, vector["token"]),
        scope=Scope("us-east-1", "service"),
        now=THEN,
    )
    assert found["authorization"].endswith(f"Signature={vector['signature']}")


S3_EXAMPLES = {
    "object": (
        "/test.txt",
        {},
        {"Range": "bytes=0-9"},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "lifecycle": ("/", {"lifecycle": ""}, {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    "list": (
        "/",
        {"max-keys": "2", "prefix": "J"},
        {},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize(("path", "query", "headers", "signature"), S3_EXAMPLES.values(), ids=S3_EXAMPLES.keys())
def test_s3_documents_these_signatures(path, query, headers, signature):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    found = signed(
        "GET",
        path_of(path),
        query_of(query),
        {"Host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": EMPTY, **headers},
        b"",
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        scope=Scope("us-east-1", "s3"),
        now=datetime(2013, 5, 24, tzinfo=timezone.utc),
    )
    assert found["authorization"].endswith(f"Signature={signature}")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(key=TEXT, query=st.dictionaries(TEXT, TEXT, max_size=3), body=st.binary(max_size=60), token=st.booleans())
def test_it_signs_as_botocore_does(key, query, body, token):
    """Keys of any text, as S3 takes them: never normalized."""
    who = Credentials("AKIDEXAMPLE", SECRET, "a/token=" if token else "")
    now = datetime.now(timezone.utc)
    path, search = path_of(f"/{key}"), query_of(query)
    asked = AWSRequest("GET", f"https://models.s3.eu-central-1.amazonaws.com{path}?{search}", data=body)
    S3SigV4Auth(BotoCredentials(*who[:2], who.token or None), "s3", "eu-central-1").add_auth(asked)
    stamp = datetime.strptime(asked.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    ours = signed(
        "GET",
        path,
        search,
        {"host": "models.s3.eu-central-1.amazonaws.com", "x-amz-content-sha256": asked.headers["X-Amz-Content-SHA256"]},
        body,
        credentials=who,
        scope=Scope("eu-central-1", "s3"),
        now=stamp,
    )
    assert ours["authorization"] == asked.headers["Authorization"]
    assert abs((stamp - now).total_seconds()) < 60


@given(path=TEXT, query=st.dictionaries(TEXT, TEXT, max_size=3))
def test_what_is_sent_means_what_was_asked(path, query):
    parts = urlsplit(f"https://host{path_of('/' + path)}?{query_of(query)}")
    assert unquote(parts.path) == f"/{path}"
    pairs = [each.partition("=") for each in parts.query.split("&") if each]
    assert {unquote(name): unquote(text) for name, _, text in pairs} == query


def test_other_services_sign_as_botocore_does():
    asked = AWSRequest("POST", "https://ssm.eu-central-1.amazonaws.com/", data=b"{}", headers={"X-Amz-Target": "a.b"})
    SigV4Auth(BotoCredentials("AKIDEXAMPLE", SECRET), "ssm", "eu-central-1").add_auth(asked)
    stamp = datetime.strptime(asked.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    ours = signed(
        "POST",
        "/",
        "",
        {"host": "ssm.eu-central-1.amazonaws.com", "X-Amz-Target": "a.b"},
        b"{}",
        credentials=Credentials("AKIDEXAMPLE", SECRET),
        scope=Scope("eu-central-1", "ssm"),
        now=stamp,
    )
    assert ours["authorization"] == asked.headers["Authorization"]
