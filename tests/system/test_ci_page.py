"""docs/ci.md: its examples' own shell lines, run with a real docker, and the digest that they hand on."""

import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.system.client.docker import Docker
from tests.system.client.dockerd import docker_program
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system

PAGE = Path(__file__).parents[2] / "docs" / "ci.md"
COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"


class Runner:
    """What a CI system does for a job: a checkout, variables, and a shell for each step. kubectl only writes down."""

    def __init__(self, folder: Path, docker: Docker) -> None:
        self.checkout = folder / "checkout"
        self.checkout.mkdir()
        (self.checkout / "Dockerfile").write_text("FROM scratch\nCOPY unique /\n")
        (self.checkout / "unique").write_bytes(os.urandom(32))
        self.deployed = folder / "deployed"
        programs = folder / "bin"
        programs.mkdir()
        _script(programs / "docker", f'exec {docker_program(docker.part)} --config "{docker.folder}" "$@"')
        _script(programs / "kubectl", f'echo "$@" >> "{self.deployed}"')
        self._environment = docker.daemon | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run(self, script: str, variables: Mapping[str, str]) -> None:
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.checkout,
            env=self._environment | dict(variables),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def example(heading: str, host: str) -> Any:
    """The YAML below this heading, for a registry of this name."""
    match = re.search(rf"^## {heading}\n+```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert match
    return yaml.load(match[1].replace("registry.example.com", host), yaml.BaseLoader)


@pytest.fixture(scope="module")
def developer(stage: Stage) -> Account:
    return stage.account(stage.project("acme"), "ci", "developer")


@pytest.fixture
def runner(docker: Docker, tmp_path: Path) -> Runner:
    folder = tmp_path / "runner"
    folder.mkdir()
    return Runner(folder, docker)


def the_deployed_image_is_the_one_pushed(runner: Runner, stage: Stage, docker: Docker) -> None:
    """The registry serves it by that digest, and the index has the tag at it."""
    reference = runner.deployed.read_text().rpartition("web=")[2].strip()
    assert re.fullmatch(rf"{re.escape(stage.host)}/acme/web@sha256:[0-9a-f]{{64}}", reference)
    ran = docker.run("pull", reference)
    assert ran.returncode == 0, ran.stderr
    digests = set()
    for _ in range(200):
        items = stage.answer("registry.getTags", project="acme", repository="web").get("result", {}).get("items", ())
        digests = {item["digest"] for item in items if item["tag"] == COMMIT}
        if digests == {reference.partition("@")[2]}:
            return
    raise AssertionError(f"the index says {digests}")


def test_github_actions_hands_on_the_digest(runner: Runner, stage: Stage, docker: Docker, developer: Account) -> None:
    """`outputs.digest` of the job that pushes is what the next job deploys."""
    workflow = example("GitHub Actions", stage.host)
    contexts = {"vars.REGISTRY_USER": developer.email, "secrets.REGISTRY_KEY": developer.secret}
    for name in ("build", "deploy"):
        job = workflow["jobs"][name]
        variables = _resolved(workflow["env"] | job.get("env", {}), contexts) | {"GITHUB_SHA": COMMIT}
        for step in job["steps"]:
            if "run" in step:
                output = runner.checkout.parent / "output"
                output.write_text("")
                step_variables = variables | _resolved(step.get("env", {}), contexts)
                runner.run(step["run"], step_variables | {"GITHUB_OUTPUT": str(output)})
                for line in output.read_text().splitlines():
                    key, _, value = line.partition("=")
                    contexts[f"steps.{step['id']}.outputs.{key}"] = value
        for key, value in _resolved(job.get("outputs", {}), contexts).items():
            contexts[f"needs.{name}.outputs.{key}"] = value
    the_deployed_image_is_the_one_pushed(runner, stage, docker)


def test_gitlab_hands_on_the_digest(runner: Runner, stage: Stage, docker: Docker, developer: Account) -> None:
    """The dotenv report of the job that pushes is in the next job's variables."""
    pipeline = example("GitLab CI", stage.host)
    given = {"REGISTRY_USER": developer.email, "REGISTRY_KEY": developer.secret, "CI_COMMIT_SHA": COMMIT}
    variables = pipeline["variables"] | given
    for name in pipeline["stages"]:
        job = pipeline[name]
        runner.run("\n".join(job["script"]), variables)
        if "artifacts" in job:
            report = (runner.checkout / job["artifacts"]["reports"]["dotenv"]).read_text()
            variables |= dict(line.split("=", 1) for line in report.splitlines())
    the_deployed_image_is_the_one_pushed(runner, stage, docker)


def _resolved(texts: Mapping[str, str], contexts: Mapping[str, str]) -> dict[str, str]:
    """With each `${{ … }}` replaced; one that nothing was said of fails."""
    return {
        name: re.sub(r"\$\{\{ *(\S+) *\}\}", lambda match: contexts[match[1]], text) for name, text in texts.items()
    }
