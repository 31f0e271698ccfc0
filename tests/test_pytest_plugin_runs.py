"""The plugin in runs of pytest of its own: snapshots as a user sees them, without Node, and what loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TWO_WORKLOADS = """
import pytest
from initconstructs import *

@pytest.mark.parametrize("image", ["a:1"], ids=["first"])
def test_shop(image, synth, manifest_snapshot):
    stage = Stage("watch", image=image, permissions=[PolicyRule(resources=["pods"], verbs=["get"])])
    assert synth(stage) == manifest_snapshot
"""


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Its runs go in their own order, without hypothesis, whose import takes longest, or the workers of this one."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:randomly")
    for name in [each for each in os.environ if each.startswith("PYTEST_XDIST")]:
        monkeypatch.delenv(name)
    return pytester


def test_one_file_a_manifest(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TWO_WORKLOADS)
    missing = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    missing.stdout.fnmatch_lines(
        [
            "E *4 of 4 manifests not as reviewed; `pytest --snapshot-update` accepts what is there now",
            "E *deployment-test-app is new, so it has no file yet",
        ]
    )
    pytester.runpytest_subprocess("--snapshot-update").assert_outcomes(passed=1)
    folder = pytester.path / "__snapshots__" / "test_it"
    names = ["deployment-test-app", "role-test-app", "rolebinding-test-app", "serviceaccount-test-app"]
    assert sorted(each.name for each in folder.iterdir()) == [f"test_shop[first][{each}].yaml" for each in names]
    assert (folder / "test_shop[first][serviceaccount-test-app].yaml").read_text() == (
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app\n  namespace: test\n"
        "automountServiceAccountToken: false\n"
    )


def test_a_change_is_shown_as_a_diff_of_its_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TWO_WORKLOADS)
    pytester.runpytest_subprocess("--snapshot-update")
    pytester.makepyfile(test_it=TWO_WORKLOADS.replace('verbs=["get"]', 'verbs=["list"]'))
    changed = pytester.runpytest_subprocess()
    changed.stdout.fnmatch_lines(
        [
            "E *1 of 4 manifests not as reviewed; `pytest --snapshot-update` accepts what is there now",
            "E *role-test-app: - as reviewed, + as synthesized",
            "E *-*- get",
            "E *+*- list",
        ]
    )


def test_a_file_that_lost_its_last_line_break_is_told_apart(pytester: pytest.Pytester) -> None:
    pytester.makepyfile('def test_it(manifest_snapshot): assert {"kind": "A"} == manifest_snapshot')
    pytester.runpytest_subprocess("--snapshot-update").assert_outcomes(passed=1)
    (file,) = pytester.path.rglob("*.yaml")
    file.write_text(file.read_text().rstrip("\n"))
    pytester.runpytest_subprocess().stdout.fnmatch_lines(["E *a: - as reviewed*", "E *the ends of lines alone differ"])


def test_a_manifest_that_is_gone_fails_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TWO_WORKLOADS)
    pytester.runpytest_subprocess("--snapshot-update")
    pytester.makepyfile(test_it=TWO_WORKLOADS.replace("synth(stage)", "synth(stage)[:2]"))
    gone = pytester.runpytest_subprocess()
    assert gone.ret != 0
    gone.stdout.fnmatch_lines(["*2 snapshots unused*"])


def test_what_can_not_be_held_against_files_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_nothing(manifest_snapshot): assert [] == manifest_snapshot
        def test_text(manifest_snapshot): assert "a: 1" == manifest_snapshot
        def test_twice(manifest_snapshot): assert [{"kind": "A"}, {"kind": "A"}] == manifest_snapshot
        """
    )
    result = pytester.runpytest_subprocess("--snapshot-update")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*there is no manifest to compare",
            "*TypeError: manifest_snapshot compares manifests, not a str; see yaml_snapshot",
            "*ValueError: two manifests are called a,* see yaml_snapshot",
        ]
    )


ALIKE = """
import pytest

@pytest.mark.parametrize("image", {images})
def test_it(image, {fixture}):
    assert [{{"kind": "Pod", "metadata": {{"name": "x"}}, "image": image}}] == {fixture}
"""


@pytest.mark.parametrize("fixture", ["manifest_snapshot", "yaml_snapshot"])
@pytest.mark.parametrize("images", [["a/b:1", "ab1"], ["API", "api"]], ids=["left out", "capitals"])
def test_no_two_tests_share_a_file(fixture: str, images: list[str], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ALIKE.format(images=images, fixture=fixture))
    result = pytester.runpytest_subprocess("--snapshot-update")
    result.assert_outcomes(passed=1, failed=1)
    first, second = (f"*test_it[[]{image}[]] (*)" for image in images)
    result.stdout.fnmatch_lines([f"*ValueError: {first} and {second} would share the file *; give the tests ids of*"])


def test_two_manifests_of_a_test_share_no_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        ROLES = [{"kind": "Role", "metadata": {"name": name}} for name in ("system:a", "systema")]
        def test_roles(manifest_snapshot): assert ROLES == manifest_snapshot
        def test_again(manifest_snapshot):
            assert ROLES[:1] == manifest_snapshot
            assert ROLES[:1] == manifest_snapshot
        """
    )
    result = pytester.runpytest_subprocess("--snapshot-update")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_roles (role-system:a) and *test_roles (role-systema) would share the file*"])


def test_without_syrupy_one_line_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(manifest_snapshot): pass")
    result = pytester.runpytest_subprocess("-p", "no:syrupy")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*need syrupy: pip install 'initconstructs[[]test[]]'"])


SUITE = """
import sys
import pytest
from initconstructs import *

@pytest.mark.parametrize("number", range(200), ids="app-{}".format)
def test_app(number, synth, manifest_snapshot):
    check = Stage("check", image=f"shop:{number}", args=["check"])
    spec = DeploymentSpec(f"app-{number}", stages=[check], containers=[Container("app", image="shop:1")])
    assert synth(spec) == manifest_snapshot
    assert not {"jsii", "cdk8s", "constructs"} & set(sys.modules)
"""


@pytest.mark.parametrize(("count", "distributed"), [(200, []), (20, ["-n", "2"])], ids=["alone", "xdist"])
def test_pure_snapshots_run_without_node(
    count: int, distributed: list[str], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=SUITE.replace("200", str(count)))
    monkeypatch.setenv("PATH", str(pytester.path))
    pytester.runpytest_subprocess("--snapshot-update", *distributed).assert_outcomes(passed=count)
    assert len(list((pytester.path / "__snapshots__" / "test_it").iterdir())) == count
    pytester.runpytest_subprocess(*distributed).assert_outcomes(passed=count)


def test_where_nobody_asks_the_plugin_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\ndef test_it():\n    print(sorted(n for n in sys.modules if n.startswith('initconstructs')))"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    loaded = [
        "initconstructs",
        "initconstructs.pytest_plugin",
        "initconstructs.pytest_plugin.plugin",
        "initconstructs_node",
    ]
    assert str(loaded) in done.stdout, done.stdout
    assert done.returncode == 0


def test_the_tests_of_the_documentation_pass_and_fail_as_it_says(pytester: pytest.Pytester) -> None:
    page = (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")
    example = page.split("<!-- example: test_shop.py -->\n```python\n")[1].split("```")[0]
    pytester.makepyfile(test_shop=example)
    pytester.runpytest_subprocess("--snapshot-update").assert_outcomes(passed=2)
    pytester.makepyfile(test_shop=example.replace('"assets", "warm-cache", "api"', '"warm-cache", "assets"'))
    message = page.split("<!-- output: order -->\n```text\n")[1].split("\n```")[0]
    pytester.runpytest_subprocess().stdout.fnmatch_lines([f"E * {message}"])
