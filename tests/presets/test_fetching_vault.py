"""Vault: as a stage, as a sidecar that renews, and as both, against a server that is written from Vault's documents."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import Container, DeploymentSpec, ModelError, Settings, dump_yaml, render, rules
from initconstructs.presets import fetching
from tests.presets.conftest import expanded
from tests.presets.fetching_clouds import canary_free, cloud, kubelet_reads, soon
from tests.presets.fetching_vault import JWT, Vault

SHOP = {"url": "postgres://db", "password": "canary-p'w"}


@pytest.fixture
def token(tmp_path):
    home = tmp_path / "token"
    home.mkdir()
    (home / "token").write_text(JWT)
    return {"/var/run/secrets/vault": home}


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


def secrets(kubelet) -> dict[str, str]:
    home = kubelet.root / "secrets"
    return {str(each.relative_to(home)): each.read_text() for each in home.rglob("[!.]*") if each.is_file()}


def fetch(server, vault=fetching.vault, **options):
    return vault(**{"role": "shop", "address": server.url, "timeout": 16, "files": {"db": "secret/data/db"}} | options)


def test_hands_over_files_and_variables_that_only_their_user_can_read(kubelet, token):
    vault = Vault(secrets={"secret/data/db": SHOP, "old/db": {"data": {"a": "b"}, "metadata": "x"}})
    files = {
        "db.json": "secret/data/db",
        "deep/url": "secret/db#url",
        "old.json": "old/db",
        "login.json": "database/creds/shop",
        "user": "database/creds/shop#username",
    }
    with cloud(vault) as server:
        stage = fetch(server, files=files, environment={"URL": "secret/data/db#url"})
        done = kubelet.run(stage, mounts=token)
    assert done.code == 0, done.out
    found = secrets(kubelet)
    assert json.loads(found.pop("db.json")) == SHOP
    assert json.loads(found.pop("old.json")) == {"data": {"a": "b"}, "metadata": "x"}
    login = json.loads(found.pop("login.json"))
    assert found == {"deep/url": SHOP["url"], "user": login["username"]}
    assert {each.stat().st_mode & 0o777 for each in (kubelet.root / "secrets").rglob("*") if each.is_file()} == {0o400}
    assert kubelet_reads((kubelet.root / "environment/variables").read_text()) == {"URL": SHOP["url"]}
    assert len(vault.leases) == 1
    assert not any("revoke" in each for each in vault.log)
    assert "nobody renews their leases, so what they grant ends in 3600 s" in last(done)
    canary_free(stage, done, "canary", JWT)


def test_a_second_run_writes_only_what_differs(kubelet, token):
    vault = Vault(secrets={"secret/data/db": SHOP, "secret/data/x": {"a": 1}})
    with cloud(vault) as server:
        stage = fetch(server, files={"db": "secret/db", "x": "secret/x"})
        kubelet.run(stage, mounts=token)
        vault.secrets["secret/data/x"] = {"a": 2}
        done = kubelet.run(stage, mounts=token)
    assert "1 of 2 files new" in last(done)
    assert json.loads(secrets(kubelet)["x"]) == {"a": 2}


def test_a_run_that_is_killed_at_any_instant_leaves_no_secret_half(kubelet, token):
    files = {f"file-{number}": f"secret/data/{number}#key" for number in range(20)}
    vault = Vault(secrets={f"secret/data/{number}": {"key": f"{number} " * 5000} for number in range(20)})
    whole = {f"file-{number}": f"{number} " * 5000 for number in range(20)}
    with cloud(vault) as server:
        stage = fetch(server, files=files)
        for number in range(10):
            started = kubelet.start(stage, mounts=token)
            time.sleep(0.08 + number * 0.015)
            started.process.kill()
            started.finish()
            assert secrets(kubelet).items() <= whole.items()
        done = kubelet.run(stage, mounts=token)
    assert (done.code, secrets(kubelet)) == (0, whole), done.out
    assert not list((kubelet.root / "secrets").glob(".*"))


@pytest.mark.parametrize("path", ["secret/data/db", "old/db"])
def test_knows_both_engines_where_the_policy_hides_the_mount(kubelet, token, path):
    with cloud(Vault(secrets={"secret/data/db": SHOP, "old/db": SHOP}, hides_mounts=True)) as server:
        done = kubelet.run(fetch(server, files={"db": path}), mounts=token)
    assert (done.code, json.loads(secrets(kubelet)["db"])) == (0, SHOP), done.out


def test_asks_in_its_namespace(kubelet, token):
    with cloud(Vault(secrets={"secret/data/db": SHOP}, namespace="team/a")) as server:
        assert kubelet.run(fetch(server, namespace="team/a"), mounts=token).code == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"role": "other"}, "status 403: service account name not authorized"),
        ({"files": {"a": "secret/data/db", "b": "secret/data/nonesuch"}}, "secret secret/nonesuch is not there"),
        ({"files": {"a": "secret/data/db", "b": "secret/data/db#nonesuch"}}, "no JSON object with the key 'nonesuch'"),
        ({"environment": {"P": "secret/data/db#password"}}, "variable 'P': its value has a single quote"),
    ],
    ids=["role", "absent", "field", "variable"],
)
def test_a_refusal_is_final_and_writes_nothing(kubelet, token, options, why):
    with cloud(Vault(secrets={"secret/data/db": SHOP})) as server:
        stage = fetch(server, **options)
        done = kubelet.run(stage, mounts=token)
    assert (done.code, secrets(kubelet)) == (1, {}), done.out
    assert why.split()[-1] in last(done), done.out
    assert not (kubelet.root / "environment/variables").exists()
    canary_free(stage, done, "canary", JWT)


def test_waits_for_a_vault_that_is_sealed_and_gives_up_at_the_deadline(kubelet, token):
    with cloud(Vault(down=True)) as server:
        done = kubelet.run(fetch(server, timeout=4), mounts=token)
    assert (done.code, "status 503" in last(done)) == (124, True), done.out


def agent(server, **options):
    return fetch(server, fetching.vault_agent, **{"files": {"db.json": "database/creds/shop"}, "refresh": 2} | options)


def running(kubelet, step, mounts):
    started = kubelet.start(step, mounts=mounts)
    soon((kubelet.root / "secrets/.ready").exists)
    return started


def user(kubelet) -> str:
    return json.loads(secrets(kubelet)["db.json"])["username"]


def test_a_sidecar_renews_its_token_and_leases_and_makes_no_new_ones(kubelet, token):
    vault = Vault(ttl=9, lease=9, most=600)
    with cloud(vault) as server:
        started = running(kubelet, agent(server), token)
        soon(lambda: vault.log.count("POST sys/leases/renew") >= 1 and "POST auth/token/renew-self" in vault.log, 60)
        assert user(kubelet) == "v-1"
        started.process.terminate()
        done = started.finish()
    assert done.code == 143
    assert (len(vault.tokens), len(vault.leases)) == (1, 1)
    assert not any("revoke" in each for each in vault.log)
    canary_free(agent(server), done, "canary", JWT)


def test_a_sidecar_makes_a_new_lease_when_the_old_one_can_be_renewed_no_longer(kubelet, token):
    vault = Vault(lease=3, most=4)
    with cloud(vault) as server:
        started = running(kubelet, agent(server), token)
        soon(lambda: user(kubelet) == "v-2", 20)
        started.process.terminate()
        assert "1 of 1 files new" in started.finish().out


def test_a_sidecar_whose_token_is_revoked_logs_in_again_and_keeps_the_files_meanwhile(kubelet, token):
    vault = Vault(lease=4, most=600)
    with cloud(vault) as server:
        started = running(kubelet, agent(server), token)
        vault.down = True
        soon(lambda: vault.log.count("POST sys/leases/renew") >= 1, 20)
        assert user(kubelet) == "v-1"
        vault.tokens.clear()
        vault.down = False
        soon(lambda: user(kubelet) == "v-2", 30)
        started.process.terminate()
        assert started.finish().code == 143


def test_a_sidecar_outlives_answers_that_make_no_sense(kubelet, token):
    vault = Vault(secrets={"secret/data/db": {"password": "one"}})
    with cloud(vault) as server:
        started = running(kubelet, agent(server, files={"db.json": "secret/db#password"}), token)
        vault.odd = True
        lines = iter(started.process.stdout.readline, "")
        odd = next(line for line in lines if "keeps the files" in line)
        vault.odd, vault.secrets["secret/data/db"] = False, {"password": "two"}
        soon(lambda: secrets(kubelet)["db.json"] == "two")
        started.process.terminate()
        assert started.finish().code == 143
    assert ("unexpected KeyError" in odd, "canary" in odd) == (True, False), odd


def test_a_sidecar_rewrites_a_secret_that_changed(kubelet, token):
    vault = Vault(secrets={"secret/data/db": {"password": "one"}})
    with cloud(vault) as server:
        started = running(kubelet, agent(server, files={"db.json": "secret/db#password"}), token)
        vault.secrets["secret/data/db"] = {"password": "two"}
        soon(lambda: secrets(kubelet)["db.json"] == "two", 20)
        started.process.terminate()
        started.finish()


def test_a_sidecar_fails_like_a_stage_before_the_files_are_there(kubelet, token):
    with cloud(Vault()) as server:
        done = kubelet.run(agent(server, role="other"), mounts=token)
    assert (done.code, "not authorized" in last(done)) == (1, True)
    assert not (kubelet.root / "secrets/.ready").exists()


def test_both_share_one_login_and_one_lease(kubelet, token):
    vault = Vault(lease=9, most=600)
    with cloud(vault) as server:
        stage = fetch(server, files={"db.json": "database/creds/shop"}, hand_over=True)
        done = kubelet.run(stage, mounts=token)
        assert (done.code, "nobody renews" in last(done)) == (0, False), done.out
        sidecar = agent(server, takes_over=stage)
        shared = {path: kubelet.root / path.lstrip("/") for path in ("/secrets", "/session")}
        started = kubelet.start(_alone(sidecar), mounts=token | shared)
        soon(lambda: "POST sys/leases/renew" in vault.log, 60)
        started.process.terminate()
        started.finish()
    assert (len(vault.tokens), len(vault.leases), user(kubelet)) == (1, 1, "v-1")
    assert (kubelet.root / "session/login").stat().st_mode & 0o777 == 0o400


def _alone(sidecar):
    """The sidecar without the stage that it takes over from, for a pod of its own."""
    from dataclasses import replace  # noqa: PLC0415

    from initconstructs import EmptyDir, Volume  # noqa: PLC0415

    own = [Volume(f"v{index}", EmptyDir()).at(each.path) for index, each in enumerate(sidecar.mounts[2:])]
    return replace(sidecar, mounts=[*sidecar.mounts[:2], *own])


def test_both_in_one_pod_are_in_order_and_only_they_mount_the_session():
    stage = fetching.vault(role="shop", files={"db.json": "database/creds/shop"}, hand_over=True)
    sidecar = fetching.vault_agent(role="shop", files={"db.json": "database/creds/shop"}, takes_over=stage)
    app = Container("app", image="example.org/app:1.0", mounts=[stage.output.at("/run/secrets/shop")])
    found = render(
        DeploymentSpec("app", namespace="shop", containers=[app], stages=[stage, sidecar]), settings=Settings()
    )
    pod = found[0]["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["initContainers"]] == ["vault", "vault-agent"]
    assert [each["name"] for each in pod["containers"][0]["volumeMounts"]] == ["vault"]
    assert pod["initContainers"][1]["startupProbe"]["exec"]["command"] == ["test", "-e", "/secrets/.ready"]
    own = [each for each in rules.check(found) if "initContainers" in each.path and each.severity.name != "INFO"]
    assert own == [], dump_yaml(found)


@given(st.text(max_size=60) | st.sampled_from(["$(TOKEN)", "a'b\n\"", "`id`", "é", "x" * 4096]))
def test_any_text_reaches_the_program_as_it_is_or_is_refused(text):
    for name in ("role", "namespace", "auth_path", "audience"):
        try:
            stage = fetching.vault(**{"role": "shop", "files": {"db": "secret/db"}, name: text})
        except ModelError:
            continue
        spec = json.loads(expanded(stage.args[1], {"TOKEN": "no"}))
        assert name == "audience" or spec[name] == (text.strip("/") if name == "auth_path" else text)


@pytest.mark.parametrize(
    "given",
    [
        {"files": {}},
        {"role": ""},
        {"address": "http://vault:8200"},
        {"files": {"../x": "secret/db"}},
        {"files": {"x": "secret/../db"}},
        {"files": {"x": "secret/db#"}},
        {"files": {"x": "/secret/data/db"}},
        {"files": {"x": "secret/data/db/"}},
        {"environment": {"A=B": "secret/db#x"}},
        {"mode": "400x"},
        {"timeout": 0},
    ],
)
def test_what_can_never_be_right_is_refused(given):
    with pytest.raises(ModelError):
        fetching.vault(**{"role": "shop", "files": {"db": "secret/db"}} | given)
    with pytest.raises(ModelError, match="hand_over=True"):
        fetching.vault_agent(role="shop", files={"a": "b"}, takes_over=fetching.vault(role="shop", files={"a": "b"}))
