"""Objects of S3, against moto's server; and what goes wrong on the way, against one that does it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ModelError
from initconstructs.presets import fetching
from initconstructs.presets.scripts.fetching.crc import LENGTH, crc32c, crc64nvme
from initconstructs.presets.scripts.fetching.s3 import S3
from initconstructs.presets.scripts.fetching.task import Task
from tests.presets.conftest import Kubelet
from tests.presets.fetching_aws import KEYS, REGION, Aws, aws
from tests.presets.fetching_clouds import Reply, Request, cloud, data, small_disk, soon

BIG = os.urandom(3_000_001)
KEYED = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key-canary"}


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with aws() as made:
        store = made.client("s3")
        store.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        for key, body in {
            "llama/a b+ü&%41.bin": BIG,
            "llama/deep/b.bin": b"b",
            "llama/deep/": b"",
            "other": b"",
        }.items():
            store.put_object(Bucket="models", Key=key, Body=body)
        for algorithm in ("SHA256", "SHA1", "CRC32"):
            store.put_object(Bucket="models", Key=f"sums/{algorithm}", Body=BIG[:999], ChecksumAlgorithm=algorithm)
        made.checks_signatures()
        yield made


def fetched(server: Aws, url: str, **given):
    return fetching.s3(url, endpoint=server.url, region=REGION, keys=KEYS, **given)


def test_one_object(server, kubelet):
    done = kubelet.run(fetched(server, "s3://models/llama/a b+ü&%41.bin"), **server.reader)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a b+ü&%41.bin": BIG}


def test_all_below_a_folder_and_the_second_run(server, kubelet):
    stage = fetched(server, "s3://models/llama/")
    done = kubelet.run(stage, **server.reader)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a b+ü&%41.bin": BIG, "deep/b.bin": b"b"}
    assert "unchanged" in kubelet.run(stage, **server.reader).last
    (kubelet.root / "data" / "deep" / "b.bin").chmod(0o644)
    (kubelet.root / "data" / "deep" / "b.bin").write_bytes(b"c")
    assert "fetched 2 files" in kubelet.run(stage, **server.reader).last
    assert data(kubelet)["deep/b.bin"] == b"b"


@pytest.mark.parametrize("kind", ["sha256", "sha1", "crc32"])
def test_the_checksum_that_the_store_keeps_is_verified(server, kubelet, kind):
    done = kubelet.run(fetched(server, f"s3://models/sums/{kind.upper()}"), **server.reader)
    assert (done.code, f"{kind} verified" in done.out) == (0, True)


def test_the_sha256_of_the_author_needs_no_network_once_it_is_there(server, kubelet):
    stage = fetched(server, "s3://models/llama/deep/b.bin", sha256=hashlib.sha256(b"b").hexdigest())
    assert kubelet.run(stage, **server.reader).code == 0
    done = kubelet.run(stage)
    assert (done.code, "there already" in done.last) == (0, True)


def test_takes_the_file_of_another_user_if_it_is_right(server, servers):
    if os.getuid():
        servers.lack("only root can start programs as somebody else")
    (setpriv,) = servers.need("setpriv")
    pod, home = Kubelet(servers.directory("pod")), servers.directory("pod/data")
    home.chmod(0o777)
    (home / "b.bin").write_bytes(b"b")
    stage = fetched(server, "s3://models/llama/deep/b.bin", sha256=hashlib.sha256(b"b").hexdigest())
    other = [setpriv, "--reuid=65532", "--regid=65532", "--clear-groups"]
    done = pod.start(stage, wrap=other, python="/usr/bin/python3", **server.reader).finish()
    assert (done.code, "is there already" in done.last) == (0, True), done.out


def test_another_sha256_than_the_authors(server, kubelet):
    done = kubelet.run(fetched(server, "s3://models/llama/deep/b.bin", sha256="0" * 64), **server.reader)
    assert (done.code, data(kubelet)) == (1, {})
    assert "not 0000" in done.last


def test_a_listing_of_several_pages(kubelet):
    with cloud(pages) as place:
        stage = fetching.s3("s3://models/", endpoint=place.url, region=REGION, keys=KEYS)
        done = kubelet.run(stage, **KEYED)
        assert [asked.query.get("continuation-token") for asked in place.requests if asked.query] == [None, "a/b=", "c"]
    assert (done.code, sorted(data(kubelet))) == (0, ["0", "1", "2"])


def pages(asked: Request) -> Reply:
    page = {None: 0, "a/b=": 1, "c": 2}[asked.query.get("continuation-token")] if asked.query else 0
    token = f"<NextContinuationToken>{['a/b=', 'c', ''][page]}</NextContinuationToken>"
    object_ = f'<Contents><Key>{page}</Key><Size>1</Size><ETag>"x"</ETag></Contents>'
    listing = f'<L xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{object_}{token}</L>'
    return Reply(body=listing.encode()) if asked.query else Reply(body=b"1", headers={"ETag": '"x"'})


def test_what_the_store_has_no_longer_goes_here_too(kubelet):
    keys = ["a", "b/c"]

    def behave(asked: Request) -> Reply:
        listed = "".join(f'<Contents><Key>{key}</Key><Size>1</Size><ETag>"x"</ETag></Contents>' for key in keys)
        return Reply(body=f"<L>{listed}</L>".encode() if asked.query else b"1", headers={"ETag": '"x"'})

    with cloud(behave) as place:
        stage = fetching.s3("s3://models/", endpoint=place.url, region=REGION, keys=KEYS)
        assert kubelet.run(stage, **KEYED).code == 0
        (kubelet.root / "data" / "own").write_bytes(b"of somebody else")
        keys.remove("b/c")
        assert kubelet.run(stage, **KEYED).code == 0
    assert data(kubelet) == {"a": b"1", "own": b"of somebody else"}


def test_nothing_below_a_folder(server, kubelet):
    done = kubelet.run(fetched(server, "s3://models/nothing/"), **server.reader)
    assert (done.code, "no object below s3://models/nothing/" in done.last) == (1, True)


@pytest.mark.parametrize("key", ["nothing", "llama/"], ids=["an object", "a listing"])
def test_who_may_not_read_is_told_so(server, kubelet, key):
    done = kubelet.run(fetched(server, f"s3://models/{key}"), **server.stranger)
    assert (done.code, data(kubelet)) == (1, {})
    assert "status 403" in done.last


def test_a_missing_object(server, kubelet):
    done = kubelet.run(fetched(server, "s3://models/nothing"), **server.reader)
    assert (done.code, "models/nothing: status 404" in done.last) == (1, True)


BODY = os.urandom(200_000)


def serving(**given):
    """A store with one object: `gets` is how each GET of it is answered, the last of them for ever."""
    replies = list(given.pop("gets"))
    about = {"ETag": '"0-2"', **given}

    def behave(asked: Request) -> Reply:
        if asked.method == "HEAD":
            return Reply(headers={**about, "Content-Length": str(len(BODY))})
        found = replies.pop(0) if len(replies) > 1 else replies[0]
        return replace(found, headers={**about, **found.headers}) if found.status < 300 else found

    return behave


WHOLE = Reply(body=BODY)


def one(url: str, **given):
    return fetching.s3("s3://models/a.bin", endpoint=url, region=REGION, keys=KEYS, **given)


@pytest.mark.parametrize(
    "first",
    [Reply(503, b"<Error><Code>SlowDown</Code></Error>"), Reply(429), Reply(body=BODY, sends=99_999)],
    ids=["slow down", "too many", "truncated"],
)
def test_what_will_pass_is_tried_again(kubelet, first):
    with cloud(serving(gets=[first, WHOLE])) as place:
        done = kubelet.run(one(place.url), **KEYED)
    assert done.code == 0, done.out
    assert data(kubelet) == {"a.bin": BODY}
    assert "knows no checksum but the length" in done.out


def test_a_body_that_is_continued_is_held_against_the_checksum_of_all_of_it(kubelet):
    """With the rest, S3 may send the checksum of a part."""
    rest = {"Content-Range": "bytes 99999-199999/200000", "x-amz-checksum-sha256": "of a part"}
    gets = [Reply(body=BODY, sends=99_999), Reply(206, BODY[99_999:], rest)]
    whole = b64encode(hashlib.sha256(BODY).digest()).decode()
    with cloud(serving(gets=gets, **{"x-amz-checksum-sha256": whole})) as place:
        done = kubelet.run(one(place.url), **KEYED)
        assert place.requests[-2].headers["Range"] == "bytes=99999-"
    assert done.code == 0, done.out
    assert (data(kubelet), "sha256 verified" in done.out) == ({"a.bin": BODY}, True)


def test_a_body_that_never_comes_whole(kubelet):
    with cloud(serving(gets=[Reply(body=BODY, sends=99_999)])) as place:
        done = kubelet.run(one(place.url, timeout=4), **KEYED)
    assert (done.code, data(kubelet)) == (124, {})
    assert "breaks off" in done.last


def test_a_server_that_falls_silent(kubelet):
    with cloud(serving(gets=[Reply(body=BODY, sends=99_999, stalls=60)])) as place:
        done = kubelet.run(one(place.url, timeout=4), **KEYED)
    assert (done.code, data(kubelet)) == (124, {})
    assert "no answer in time" in done.out


@pytest.mark.parametrize("kind", ["crc64nvme", "crc32c", "sha256"])
def test_a_body_without_its_checksum(kubelet, kind):
    crc = {"crc64nvme": crc64nvme, "crc32c": crc32c, "sha256": hashlib.sha256}[kind]()
    crc.update(BODY[:-1])
    with cloud(serving(gets=[WHOLE], **{f"x-amz-checksum-{kind}": b64encode(crc.digest()).decode()})) as place:
        done = kubelet.run(one(place.url), **KEYED)
    assert (done.code, data(kubelet)) == (1, {})
    assert f"does not have the {kind} that the store says" in done.last


def test_a_body_without_its_md5_of_which_the_etag_tells(kubelet):
    with cloud(serving(gets=[WHOLE], ETag=f'"{hashlib.md5(b"x").hexdigest()}"')) as place:
        assert "does not have the md5" in kubelet.run(one(place.url), **KEYED).last
        encrypted = cloud(serving(gets=[WHOLE], ETag=f'"{"0" * 32}"', **{"x-amz-server-side-encryption": "aws:kms"}))
        with encrypted as other:
            assert kubelet.run(one(other.url), **KEYED).code == 0


def test_the_wrong_region_is_told(kubelet):
    refusal = Reply(301, b"<Error><Code>PermanentRedirect</Code></Error>", {"x-amz-bucket-region": "us-west-2"})
    with cloud(lambda asked: refusal) as place:
        done = kubelet.run(fetching.s3("s3://models/", endpoint=place.url, region=REGION, keys=KEYS), **KEYED)
    assert (done.code, "the bucket is in us-west-2" in done.last) == (1, True)


def test_a_full_disk(kubelet, servers):
    """Nothing half-written is left, and with room the next run succeeds."""
    wrap = small_disk(servers, kubelet.root / "data")
    with cloud(serving(gets=[WHOLE])) as place:
        done = kubelet.start(one(place.url), wrap=wrap, **KEYED).finish()
        *_, told, left = done.out.splitlines()
        assert (done.code, left) == (1, "left: .fetching.lock")
        assert "no space left on device" in told
        assert kubelet.run(one(place.url), **KEYED).code == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_the_run_after_one_that_was_ended_half_way(kubelet, end):
    with cloud(serving(gets=[Reply(body=BODY, sends=99_999, stalls=60), WHOLE])) as place:
        started = kubelet.start(one(place.url), **KEYED)
        soon(lambda: any(asked.method == "GET" for asked in place.requests))
        os.killpg(started.process.pid, end)
        assert started.finish().code == (143 if end == signal.SIGTERM else -9)
        assert data(kubelet) == {}
        assert kubelet.run(one(place.url), **KEYED).code == 0
    assert data(kubelet) == {"a.bin": BODY}
    assert not list((kubelet.root / "data").rglob("*.part"))


def test_a_key_that_leads_out_of_the_directory(kubelet):
    listing = b'<L><Contents><Key>a/../../b</Key><Size>1</Size><ETag>"x"</ETag></Contents></L>'
    with cloud(lambda asked: Reply(body=listing if asked.query else b"1", headers={"ETag": '"x"'})) as place:
        done = kubelet.run(fetching.s3("s3://models/", endpoint=place.url, region=REGION, keys=KEYS), **KEYED)
    assert (done.code, (kubelet.root / "b").exists()) == (1, False)
    assert "no path below the directory" in done.last


@given(parts=st.lists(st.binary(max_size=4 * LENGTH), max_size=4))
def test_checksums_do_not_depend_on_how_the_bytes_come(parts):
    for make, polynomial in ((crc32c, 0x82F63B78), (crc64nvme, 0x9A6C9329AC4BC9B5)):
        found = make()
        for part in parts:
            found.update(part)
        assert found.state == bit_by_bit(b"".join(parts), polynomial, found.mask)


def bit_by_bit(data: bytes, polynomial: int, state: int) -> int:
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (polynomial if state & 1 else 0)
    return state


def test_the_published_check_values():
    """https://reveng.sourceforge.io/crc-catalogue/all.htm"""
    for make, check in ((crc32c, "e3069283"), (crc64nvme, "ae8b14860a799888")):
        found = make()
        found.update(b"123456789")
        assert found.digest().hex() == check


def test_megabytes_are_as_google_counts_them():
    found = crc32c()
    found.update(BIG)
    assert int.from_bytes(found.digest(), "big") == google_crc32c.value(BIG)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"region": "eu-central-1"}, "https://models.s3.eu-central-1.amazonaws.com/a%20b/%2B"),
        ({"region": "cn-north-1"}, "https://models.s3.cn-north-1.amazonaws.com.cn/a%20b/%2B"),
        ({"region": "eu-central-1", "path_style": True}, "https://s3.eu-central-1.amazonaws.com/models/a%20b/%2B"),
        ({"region": "x", "endpoint": "http://minio:9000/s3"}, "http://minio:9000/s3/models/a%20b/%2B"),
        (
            {"region": "x", "endpoint": "https://store.example", "path_style": False},
            "https://models.store.example/a%20b/%2B",
        ),
    ],
)
def test_where_a_bucket_is(given, url):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"""
    spec = json.loads(fetching.s3("s3://models/a b/+", **given).args[1])
    assert S3(Task(1), spec).url(spec["key"]) == url


@pytest.mark.parametrize(
    "url", ["models/a", "s3://models", "s3:///a", "s3://Ä/a", "https://s3.amazonaws.com/models/a", 7]
)
def test_what_is_no_s3_url(url):
    with pytest.raises(ModelError, match="s3: url"):
        fetching.s3(url)


def test_a_sha256_is_of_one_object():
    with pytest.raises(ModelError, match="one object"):
        fetching.s3("s3://models/", sha256="0" * 64)


def test_a_bucket_is_part_of_the_name_unless_that_breaks_tls():
    def home(url: str, **given) -> bool:
        return '"path_style": true' in fetching.s3(url, **given).args[1]

    assert not home("s3://models/a")
    assert home("s3://acme.models/a")
    assert home("s3://models/a", endpoint="http://minio:9000")
    assert not home("s3://models/a", endpoint="https://store.example", path_style=False)
