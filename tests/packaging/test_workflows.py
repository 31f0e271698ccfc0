"""What GitHub and pre-commit read: by their schemas, by what can be abused, and by running it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
PROJECT = ROOT / "initconstructs" / "cli" / "project"
WORKFLOWS = [*(ROOT / ".github" / "workflows").iterdir(), *(PROJECT / ".github" / "workflows").iterdir()]
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"

REFUSED = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, imag: a}]}\n"
OLD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: 'a:1'}]}\n"
NEW = OLD.replace("spec: {", "spec: {initContainers: [{name: wait, image: 'b:1'}], ")

BOTH = "old.yaml\n\nwith space.yaml\n"


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    given = os.environ | env
    return subprocess.run(list(map(str, command)), cwd=cwd, env=given, capture_output=True, text=True, check=False)


def succeed(*command: str | Path, cwd: Path = ROOT) -> None:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows_and_the_action_have_the_shape_that_github_reads() -> None:
    schema = [SCRIPTS / "check-jsonschema", "--builtin-schema"]
    succeed(*schema, "vendor.github-workflows", *WORKFLOWS)
    succeed(*schema, "custom.github-workflows-require-timeout", *WORKFLOWS)
    succeed(*schema, "vendor.github-actions", ACTION)


def test_nothing_in_them_can_be_abused() -> None:
    settings = ROOT / ".github" / "zizmor.yml"
    succeed(SCRIPTS / "zizmor", "--offline", "--quiet", "--config", settings, *WORKFLOWS, ACTION)


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_no_value_is_written_into_a_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"run: [|>]?-?\n?(?:.*\$\{\{.*)", text) == []
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("command", ["make test-cluster", "make check", ".ci/run"])
def test_the_workflow_runs_what_this_repository_has(command: str) -> None:
    workflow = ROOT / ".github" / "workflows" / "ci.yml"
    assert command in [step.get("run") for step in steps(workflow)]
    if command.startswith("make "):
        succeed("make", "--dry-run", command.removeprefix("make "))
    else:
        assert os.access(ROOT / command, os.X_OK)


def test_the_matrix_has_the_pythons_that_the_package_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == named


def steps(path: Path) -> list[dict[str, str]]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "runs" in document:
        return document["runs"]["steps"]
    return [step for job in document["jobs"].values() for step in job["steps"]]


class Runner:
    """Runs a step of the action as GitHub does: inputs by the environment, under bash with -e and pipefail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        scripts = folder / "initconstructs" / "bin"
        scripts.mkdir(parents=True)
        (scripts / "initconstructs").symlink_to(SCRIPTS / "initconstructs")
        self.summary, self.output = folder / "summary", folder / "output"

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
        given = {key: str(each.get("default", "")) for key, each in action["inputs"].items()}
        given |= {key.replace("_", "-"): value for key, value in inputs.items()}
        (step,) = [each for each in action["runs"]["steps"] if each.get("name") == name]
        env = {key: given[re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", each)[1]] for key, each in step["env"].items()}
        files = {"RUNNER_TEMP": self.folder, "GITHUB_STEP_SUMMARY": self.summary, "GITHUB_OUTPUT": self.output}
        env |= {key: str(path) for key, path in files.items()}
        return run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], cwd=self.folder, **env)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    for name, text in {"refused": REFUSED, "old": OLD, "new": NEW, "with space": OLD}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Runner(tmp_path)


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"paths": BOTH}, 0),
        ({"paths": "refused.yaml"}, 1),
        ({"paths": "refused.yaml", "fail_on": "never"}, 0),
        ({"paths": "old.yaml", "kubernetes": "1.33", "profile": "restricted", "fail_on": "warning"}, 1),
        ({"paths": "$(touch pwned)"}, 2),
    ],
    ids=["several", "refused", "never", "target", "text"],
)
def test_the_action_checks(inputs: dict[str, str], code: int, runner: Runner) -> None:
    done = runner.step("Check", **inputs)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("title=" in done.stdout) is (inputs["paths"] != BOTH)  # an annotation of what is wrong
    assert not (runner.folder / "pwned").exists()


@pytest.mark.parametrize(("new", "differs"), [("new.yaml", "true"), ("with space.yaml", "false")])
def test_the_action_writes_the_body_of_a_comment(new: str, differs: str, runner: Runner) -> None:
    assert runner.step("Compare start-ups", old="old.yaml", new=new).returncode == 0
    outputs = dict(line.split("=", 1) for line in runner.output.read_text().splitlines())
    assert outputs["differs"] == differs
    body = Path(outputs["comment"]).read_text(encoding="utf-8")
    assert body == runner.summary.read_text(encoding="utf-8")
    assert ("wait" in body) is (differs == "true")


def test_a_comparison_that_can_not_be_made_fails(runner: Runner) -> None:
    done = runner.step("Compare start-ups", old="absent.yaml", new="new.yaml")
    assert done.returncode == 2
    assert "absent.yaml" in done.stderr
    assert not runner.output.exists()


def test_pre_commit_reads_the_hooks() -> None:
    succeed(SCRIPTS / "pre-commit", "validate-manifest", HOOKS)


def test_the_hook_refuses_what_is_staged(tmp_path: Path) -> None:
    """The hook of users, run by pre-commit on the command that is installed here instead of on one of its own."""
    (hook,) = [each for each in yaml.safe_load(HOOKS.read_text()) if each["id"] == "initconstructs-check"]
    hook |= {"language": "system", "entry": str(SCRIPTS / hook["entry"])}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "web.yaml").write_text(REFUSED)
    (tmp_path / "values.yaml").write_text("not: a manifest\n")
    succeed("git", "init", "--quiet", cwd=tmp_path)
    succeed("git", "add", ".", cwd=tmp_path)
    refused = run(SCRIPTS / "pre-commit", "run", cwd=tmp_path)
    assert (refused.returncode, "dist/web.yaml: Pod web" in refused.stdout) == (1, True), refused.stdout
    assert "values.yaml" not in refused.stdout
    (tmp_path / "dist" / "web.yaml").write_text(OLD)
    succeed("git", "add", ".", cwd=tmp_path)
    succeed(SCRIPTS / "pre-commit", "run", cwd=tmp_path)
