"""Models of the Hugging Face Hub, against a server that is written from its document."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ModelError, SecretKey
from initconstructs.presets import fetching, warming
from tests.presets.conftest import expanded
from tests.presets.fetching_clouds import Reply, canary_free, cloud, data
from tests.presets.fetching_hub import COMMIT, Hub

CANARY = "canary-5f2c1e"
FILES = {"config.json": b"{}", "model.safetensors": os.urandom(200_000), "onnx/model.onnx": os.urandom(500)}


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


def fetch(server, **options):
    return fetching.huggingface("acme/ranker", **{"revision": COMMIT, "endpoint": server.url, "timeout": 16} | options)


def test_fetches_all_files_verified_and_then_nothing(kubelet):
    hub = Hub(FILES)
    with cloud(hub) as server:
        done = kubelet.run(fetch(server))
        assert (done.code, data(kubelet)) == (0, FILES), done.out
        asked = len(hub.asked)
        again = kubelet.run(fetch(server))
    assert (again.code, len(hub.asked)) == (0, asked), again.out
    assert "are there already" in last(again)


def test_asks_what_a_branch_is_and_takes_what_changed(kubelet):
    hub = Hub(FILES)
    with cloud(hub) as server:
        kubelet.run(fetch(server, revision="main"))
        assert "already" in last(kubelet.run(fetch(server, revision="main")))
        hub.commit, hub.files = "8" * 40, {"config.json": b"[]", "new.json": b"new"}
        done = kubelet.run(fetch(server, revision="main"))
    assert (done.code, data(kubelet)) == (0, hub.files), done.out


def test_takes_only_what_is_asked_for_and_the_token_goes_only_to_the_hub(kubelet):
    with cloud(lambda request: Reply(200, FILES[request.path[1:]])) as other:
        hub = Hub(FILES, token=CANARY, elsewhere=other.url.replace("127.0.0.1", "localhost"))
        with cloud(hub) as server:
            stage = fetch(server, files=["*.safetensors", "*.json"], token=SecretKey("hub", "token"))
            done = kubelet.run(stage, TOKEN=f"{CANARY}\n")
    assert done.code == 0, done.out
    assert data(kubelet).keys() == {"config.json", "model.safetensors"}
    assert [CANARY in str(each.headers) for each in other.requests] == [False]
    canary_free(stage, done, CANARY)


@pytest.mark.parametrize(
    ("hub", "options", "why"),
    [
        (Hub(FILES, lies={"model.safetensors": b"x" * 200_000}), {}, "model.safetensors: has sha256"),
        (Hub(FILES, lies={"model.safetensors": b"x"}), {}, "has 1 bytes, not 200000"),
        (Hub(FILES, lies={"config.json": b"[]"}), {}, "config.json: is not the blob"),
        (Hub(FILES, token="other"), {}, "status 401: Repository not found"),
        (Hub(FILES), {"revision": "nonesuch"}, "status 404: Invalid rev id"),
        (Hub(FILES), {"files": ["*.gguf"]}, "has no file like *.gguf"),
        (Hub({"../out": b"x"}), {}, "'../out' is no path below the directory"),
    ],
    ids=["sha256", "size", "blob", "token", "revision", "pattern", "path"],
)
def test_a_refusal_is_final_and_hands_over_nothing(kubelet, hub, options, why):
    with cloud(hub) as server:
        done = kubelet.run(fetch(server, **options))
    assert (done.code, why in last(done), data(kubelet)) == (1, True, {}), done.out


def test_takes_up_what_a_killed_run_had_finished_and_nothing_else(kubelet):
    hub = Hub({f"part-{index}": os.urandom(400_000) for index in range(6)})
    with cloud(hub) as server:
        for number in range(10):
            started = kubelet.start(fetch(server))
            time.sleep(0.08 + number * 0.012)
            started.process.kill()
            started.finish()
            assert data(kubelet) in ({}, hub.files) or not (kubelet.root / "data/.huggingface.fetched.json").exists()
        done = kubelet.run(fetch(server))
    assert (done.code, data(kubelet)) == (0, hub.files), done.out


@pytest.mark.parametrize("preset", [warming.model, warming.dataset])
def test_a_warming_starts_without_it_when_the_budget_is_over(kubelet, preset):
    with cloud(lambda _: Reply(200, b"[]", sends=1, stalls=60)) as server:
        given = {"revision": COMMIT, "endpoint": server.url, "budget": 2}
        cold = kubelet.run(preset("acme/ranker", **given))
        failed = kubelet.run(preset("acme/ranker", **given, required=True))
    assert (cold.code, last(cold).startswith("goes on without it: ")) == (0, True), cold.out
    assert failed.code == 124, failed.out


@given(st.text(max_size=40) | st.sampled_from(["$(TOKEN)", "a'b\n\"", "`id`", "x" * 4096]))
def test_any_text_reaches_the_program_as_it_is_or_is_refused(text):
    import json  # noqa: PLC0415

    for name, value in {"revision": text, "files": [text]}.items():
        try:
            stage = fetching.huggingface("acme/ranker", **{"revision": "main", name: value})
        except ModelError:
            continue
        assert json.loads(expanded(stage.args[1], {"TOKEN": "no"}))[name] == value


@pytest.mark.parametrize(
    "given", [{"repository": "a/b/c"}, {"repository": "../x"}, {"kind": "space"}, {"revision": ""}]
)
def test_what_can_never_be_right_is_refused(given):
    with pytest.raises(ModelError):
        fetching.huggingface(**{"repository": "acme/ranker", "revision": "main"} | given)
