"""Files and archives of the web: from nginx over TLS, and from servers that break off, stall, redirect and refuse."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import tarfile
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ConfigMapFiles, ModelError, SecretKey, Volume, dump_yaml
from initconstructs.presets import fetching
from tests.presets.conftest import expanded
from tests.presets.fetching_clouds import Reply, canary_free, cloud, data, soon

BODY = os.urandom(300_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
CANARY = "canary-5f2c1e"
KEY = SecretKey("releases", "token")


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


@pytest.fixture
def nginx(servers, port, certificate):
    (program,) = servers.need("nginx")
    home = servers.directory("nginx")
    (home / "geo.db").write_bytes(BODY)
    temporary = "".join(
        f"{each}_temp_path {home}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (home / "nginx.conf").write_text(
        f"user root; pid {home}/pid; error_log stderr; daemon off; events {{}} http {{ access_log off; {temporary}\n"
        f" server {{ listen 127.0.0.1:{port} ssl; root {home}; ssl_certificate {certificate}/ca.crt;\n"
        f"  ssl_certificate_key {certificate}/key.pem; }} }}\n"
    )
    servers.start([program, "-p", str(home), "-c", str(home / "nginx.conf")])
    return f"https://127.0.0.1:{port}/geo.db"


def trusting(url, **options):
    ca = Volume("ca", ConfigMapFiles("ca")).at("/ca")
    options = {"sha256": SHA256, "timeout": 20, "ca_file": "/ca/ca.crt", "mounts": [ca]} | options
    return fetching.https(url, **{name: value for name, value in options.items() if value is not None})


def test_fetches_from_a_server_that_starts_late_and_then_needs_it_no_more(kubelet, nginx, servers, certificate):
    done = kubelet.run(trusting(nginx), mounts={"/ca": certificate})
    assert (done.code, last(done)) == (0, "fetched geo.db: 300000 bytes, sha256 verified"), done.out + done.err
    assert data(kubelet) == {"geo.db": BODY}
    assert (kubelet.root / "data/geo.db").stat().st_mode & 0o777 == 0o644
    servers.stop()
    again = kubelet.run(trusting(nginx), mounts={"/ca": certificate})
    assert (again.code, last(again)) == (0, "geo.db is there already, with its sha256")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"sha256": "0" * 64}, f"geo.db: has sha256 {SHA256}, not {'0' * 64}; nothing was written"),
        ({"ca_file": None}, "its certificate is not trusted"),
        ({"ca_file": "/ca/nonesuch"}, "is no readable PEM file of authorities"),
        ({"path": "/nonesuch"}, "status 404"),
    ],
    ids=["checksum", "certificate", "authorities", "absent"],
)
def test_a_refusal_is_final_and_leaves_nothing(kubelet, nginx, certificate, options, why):
    path = options.get("path", "")
    done = kubelet.run(trusting(nginx + path, **{**options, "path": None}), mounts={"/ca": certificate})
    assert (done.code, why in last(done)) == (1, True), done.out
    assert data(kubelet) == {}


def fetch(server, **options):
    return fetching.https(f"{server.url}/geo.db", **{"sha256": SHA256, "timeout": 16} | options)


def test_goes_on_where_an_answer_broke_off(kubelet):
    def behave(request):
        begin = int(request.headers.get("Range", "bytes=0-")[6:-1])
        about = {"ETag": '"1"', "Content-Range": f"bytes {begin}-299999/300000"}
        return Reply(206 if begin else 200, BODY[begin:], about, sends=None if begin > 100_000 else 60_000)

    with cloud(behave) as server:
        done = kubelet.run(fetch(server))
    assert done.code == 0, done.out
    assert "the answer breaks off" in done.out
    assert data(kubelet) == {"geo.db": BODY}
    assert [each.headers.get("Range") for each in server.requests] == [None, "bytes=60000-", "bytes=120000-"]


def test_begins_again_where_the_server_can_not_go_on(kubelet):
    replies = iter(
        [Reply(200, BODY, sends=1000), Reply(503), Reply(429, headers={"Retry-After": "1"}), Reply(200, BODY)]
    )
    with cloud(lambda _: next(replies)) as server:
        done = kubelet.run(fetch(server))
    assert done.code == 0, done.out
    assert data(kubelet) == {"geo.db": BODY}


def test_a_server_that_stalls_is_asked_again(kubelet):
    replies = iter([Reply(200, BODY, sends=1000, stalls=60), Reply(200, BODY)])
    with cloud(lambda _: next(replies)) as server:
        done = kubelet.run(fetch(server))
    assert done.code == 0, done.out
    assert "no answer in time" in done.out


def test_gives_up_at_the_deadline_and_says_what_it_saw(kubelet):
    with cloud(lambda _: Reply(200, BODY, sends=1000, stalls=60)) as server:
        done = kubelet.run(fetch(server, timeout=6))
    assert (done.code, "no answer in time" in last(done)) == (124, True), done.out
    assert not list((kubelet.root / "data").glob(".*part"))


def test_tells_at_the_deadline_how_far_a_slow_download_came(kubelet, fake):
    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 1000)
            time.sleep(0.05)

    server = fake(trickle)
    done = kubelet.run(fetching.https(f"http://127.0.0.1:{server.port}/geo.db", sha256=SHA256, timeout=4))
    assert (done.code, last(done).endswith("bytes had come")) == (124, True), done.out
    assert data(kubelet) == {}


def test_pods_that_share_a_volume_fetch_once(kubelet):
    with cloud(lambda _: Reply(200, BODY)) as server:
        pods = [kubelet.start(fetch(server)) for _ in range(4)]
        codes = [each.finish().code for each in pods]
    assert (codes, len(server.requests), data(kubelet)) == ([0] * 4, 1, {"geo.db": BODY})


def test_goes_on_without_it_where_it_is_not_required(kubelet):
    with cloud(lambda _: Reply(404)) as server:
        done = kubelet.run(fetch(server, required=False))
    assert done.code == 0
    assert last(done) == f"goes on without it: {server.url}/geo.db: status 404"


def test_sends_its_token_to_the_url_s_own_host_and_to_no_other(kubelet):
    with cloud(lambda _: Reply(200, BODY)) as other:

        def behave(request):
            where = f"{other.url.replace('127.0.0.1', 'localhost')}/x" if request.path == "/here" else "/here"
            return Reply(302, headers={"Location": where})

        with cloud(behave) as server:
            stage = fetch(server, token=KEY, headers={"X-Api-Key": KEY})
            done = kubelet.run(stage, TOKEN=f"{CANARY}\n", HEADER_0=CANARY)
    assert done.code == 0, done.out
    asked = [(each.headers.get("Authorization"), each.headers.get("X-Api-Key")) for each in server.requests]
    assert asked == [(f"Bearer {CANARY}", CANARY)] * 2
    assert CANARY not in str(other.requests[0].headers)
    canary_free(stage, done, CANARY)
    assert CANARY not in dump_yaml([{"args": list(stage.args)}])


def test_never_shows_a_token_that_no_header_can_carry_nor_one_that_a_server_repeats(kubelet):
    with cloud(lambda request: Reply(403, json.dumps({"error": request.headers["Authorization"]}).encode())) as server:
        stage = fetch(server, token=KEY)
        odd, repeated = kubelet.run(stage, TOKEN=f"{CANARY}\n{CANARY}"), kubelet.run(stage, TOKEN=CANARY)
    assert (odd.code, last(odd)) == (1, "the value of header Authorization is not printable ASCII")
    assert (repeated.code, "Bearer ***" in last(repeated)) == (1, True)
    canary_free(stage, odd, CANARY)
    canary_free(stage, repeated, CANARY)


def test_never_shows_a_part_of_a_token_where_a_long_line_is_cut(kubelet):
    for length in range(150, 390, 60):
        said = {"error": f"{'x' * length}{CANARY * 30}"}
        with cloud(lambda _, said=said: Reply(403, json.dumps(said).encode())) as server:
            done = kubelet.run(fetch(server, token=KEY), TOKEN=CANARY)
        assert (done.code, "canary" in done.out) == (1, False), done.out


def test_begins_again_where_the_server_goes_on_somewhere_else(kubelet):
    about = {"ETag": '"1"', "Content-Range": "bytes 7-299999/300000"}
    replies = iter([Reply(200, BODY, about, sends=60_000), Reply(206, BODY[7:], about), Reply(200, BODY)])
    with cloud(lambda _: next(replies)) as server:
        done = kubelet.run(fetch(server))
    assert (done.code, data(kubelet)) == (0, {"geo.db": BODY}), done.out


def test_a_run_that_is_killed_at_any_instant_leaves_nothing_half_and_the_next_succeeds(kubelet):
    archive = packed("tar:gz", {f"d/{each}": os.urandom(20_000) for each in range(40)})
    with cloud(lambda request: Reply(200, archive if request.path == "/a.tgz" else BODY)) as server:
        stage = fetching.https(f"{server.url}/a.tgz", sha256=sha256(archive), extract=True, timeout=16)
        for delay in range(16):
            started = kubelet.start(stage)
            time.sleep(0.05 + delay * 0.018)
            started.process.kill()
            started.finish()
            whole = (kubelet.root / "data/.https.fetched.json").exists()
            assert (
                not whole
                or json.loads((kubelet.root / "data/.https.fetched.json").read_text())["source"] is None
                or len(data(kubelet)) == 40
            )
        done = kubelet.run(stage)
    assert done.code == 0, done.out
    assert len(data(kubelet)) == 40
    assert sorted(each.name for each in (kubelet.root / "data").iterdir()) == [
        ".fetching.lock",
        ".https.fetched.json",
        "d",
    ]


def test_a_run_that_is_killed_when_all_is_in_place_leaves_nothing_to_the_next(kubelet):
    archive = packed("tar:gz", {"d/a": b"a"})
    with cloud(lambda _: Reply(200, archive)) as server:
        stage = fetching.https(f"{server.url}/a.tgz", sha256=sha256(archive), extract=True)
        assert kubelet.run(stage).code == 0
        (kubelet.root / "data/.https.part/d").mkdir(parents=True)
        again = kubelet.run(stage)
    assert (again.code, last(again)) == (0, "all 1 files are there already, unchanged")
    assert not (kubelet.root / "data/.https.part").exists()


def test_stops_when_the_pod_is_deleted_and_leaves_nothing(kubelet):
    with cloud(lambda _: Reply(200, BODY, sends=1000, stalls=60)) as server:
        started = kubelet.start(fetch(server, timeout=60))
        while not list((kubelet.root / "data").glob(".*part")):
            time.sleep(0.02)
        started.process.send_signal(signal.SIGTERM)
        assert started.finish().code == 143
    assert [each.name for each in (kubelet.root / "data").iterdir()] == [".fetching.lock"]


@pytest.mark.parametrize("seconds", [60, 2], ids=["stopped", "deadline"])
def test_ends_in_the_midst_of_unpacking_and_leaves_nothing(kubelet, seconds):
    archive = packed("tar:", {f"d{each % 50}/{each}": b"x" for each in range(20_000)})
    with cloud(lambda _: Reply(200, archive)) as server:
        stage = fetching.https(f"{server.url}/a", sha256=sha256(archive), extract=True, timeout=seconds)
        started = kubelet.start(stage)
        if seconds == 60:
            soon(lambda: len(list((kubelet.root / "data/.https.part").glob("*/*"))) > 100, 30)
            started.process.send_signal(signal.SIGTERM)
        assert started.finish().code == (143 if seconds == 60 else 124)
    assert [each.name for each in (kubelet.root / "data").iterdir()] == [".fetching.lock"]


def test_a_full_disk_is_said_and_leaves_nothing(kubelet, servers):
    servers.need("unshare", "mount")
    home = kubelet.root / "data"
    home.mkdir()
    small = 'mount -t tmpfs -o size=64k none "$0"; "$@"; code=$?; ls -A "$0"; exit $code'
    wrap = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", small, str(home)]
    with cloud(lambda _: Reply(200, BODY)) as server:
        done = kubelet.run(fetch(server), wrap=wrap, PATH=os.environ["PATH"])
    assert done.code == 1, done.out + done.err
    assert done.out.splitlines()[-2].split("s  ")[1] == f"no space left on device: {home}/geo.db"
    assert done.last == ".fetching.lock"


def sha256(found: bytes) -> str:
    return hashlib.sha256(found).hexdigest()


def packed(kind: str, files: dict[str, bytes], *members: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode=f"w:{kind[4:]}") as archive:
        for name, body in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(body), 0o755 if name.endswith(".sh") else 0o600
            archive.addfile(about, io.BytesIO(body))
        for each in members:
            archive.addfile(each)
    return out.getvalue()


def linked(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, target
    return about


def unpacking(kubelet, archive: bytes, **options):
    with cloud(lambda _: Reply(200, archive)) as server:
        return kubelet.run(
            fetching.https(f"{server.url}/a", sha256=sha256(archive), extract=True, timeout=16, **options)
        )


@pytest.mark.parametrize("kind", ["tar:gz", "tar:xz", "tar:bz2", "tar:", "zip"])
def test_unpacks_and_then_replaces_what_another_version_held(kubelet, kind):
    first = packed(kind, {"geo-1/bin/run.sh": b"#!", "geo-1/old/x": b"x", "geo-1/a": b"a"})
    assert unpacking(kubelet, first, strip=1).code == 0
    assert data(kubelet) == {"a": b"a", "bin/run.sh": b"#!", "old/x": b"x"}
    again = unpacking(kubelet, first, strip=1)
    assert last(again) == "all 3 files are there already, unchanged"
    (kubelet.root / "data/a").write_bytes(b"changed")
    assert "fetched and unpacked 3 files" in unpacking(kubelet, first, strip=1).last
    assert unpacking(kubelet, packed(kind, {"geo-2/bin/run.sh": b"#!2", "geo-2/old": b"now a file"}), strip=1).code == 0
    assert data(kubelet) == {"bin/run.sh": b"#!2", "old": b"now a file"}
    assert (kubelet.root / "data/bin/run.sh").stat().st_mode & 0o777 == (0o755 if kind != "zip" else 0o644)


@pytest.mark.parametrize(
    "archive",
    {
        "tar-path": packed("tar:", {"good": b"", "../out": b"x"}),
        "tar-absolute": packed("tar:", {"/etc/out": b"x"}),
        "zip-path": packed("zip", {"good": b"", "a/../../out": b"x"}),
        "zip-backslash": packed("zip", {"..\\out": b"x"}),
        "link-out": packed("tar:", {"good": b""}, linked("up", "../..")),
        "link-absolute": packed("tar:", {"good": b""}, linked("up", "/etc")),
        "link-through-a-link": packed("tar:", {"good": b""}, linked("here", "."), linked("here/up", "../out")),
        "link-out-by-another": packed(
            "tar:", {"good": b""}, linked("a/b/root", "../.."), linked("up", "a/b/root/../.fetching.lock")
        ),
        "hard-link-out": packed("tar:", {"good": b""}, linked("up", "../../etc/passwd", tarfile.LNKTYPE)),
        "device": packed("tar:", {"good": b""}, linked("null", "", tarfile.CHRTYPE)),
        "twice": packed("tar:", {"good": b""}, linked("good", "other")),
        "empty": packed("tar:", {}),
        "no-archive": b"not an archive",
        "cut-off": packed("tar:gz", {"a": BODY})[:-5000],
    }.items(),
    ids=lambda each: each[0],
)
def test_refuses_an_archive_that_leads_out_or_is_none(kubelet, archive):
    done = unpacking(kubelet, archive[1])
    assert (done.code, data(kubelet)) == (1, {}), done.out
    assert "unexpected" not in last(done)
    assert not (kubelet.root / "out").exists()


def test_a_tar_that_ends_with_a_zip_is_a_tar(kubelet):
    jar = packed("zip", {"Main.class": b"x"})
    assert unpacking(kubelet, packed("tar:", {"lib/a.jar": jar})).code == 0
    assert data(kubelet) == {"lib/a.jar": jar}


def test_keeps_links_that_stay_inside(kubelet):
    done = unpacking(
        kubelet, packed("tar:gz", {"lib/v1.so": b"so"}, linked("lib/v.so", "v1.so"), linked("same", "lib"))
    )
    assert done.code == 0, done.out
    assert (kubelet.root / "data/same/v.so").read_bytes() == b"so"


@given(
    st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(["$(TOKEN)", "a'b\n\"", "`id`", "x" * 4096])
)
def test_any_file_name_reaches_the_program_as_it_is_or_is_refused(name):
    try:
        stage = fetching.https("https://a.example/b", sha256=SHA256, file=name)
    except ModelError:
        return
    assert json.loads(expanded(_rendered(stage), {"TOKEN": "no"}))["file"] == name


def _rendered(stage) -> str:
    assert stage.args is not None
    return stage.args[1]


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://a.example/b"},
        {"url": "https://user:secret@a.example/b"},
        {"url": "https://a.example/b c"},
        {"url": "ftp://a.example/b"},
        {"sha256": "abc"},
        {"file": "../x"},
        {"url": "https://a.example/"},
        {"headers": {"X": "literal"}},
        {"headers": {"X Y": KEY}},
        {"mode": "0999"},
        {"strip": -1, "extract": True},
        {"timeout": 0},
    ],
)
def test_what_can_never_be_right_is_refused(given):
    with pytest.raises(ModelError) as error:
        fetching.https(**{"url": "https://a.example/b", "sha256": SHA256} | given)
    assert "secret@" not in str(error.value)
