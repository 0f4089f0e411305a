"""What is deployed: the image, the composition, the locks and CI hold together."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestrator.adapters.register import load_register
from orchestrator.bootstrap.installation import catalog
from orchestrator.entrypoints.running import STAGES
from orchestrator.settings import Settings, variable_of
from tests.support.publisher import PUBLIC

ROOT: Final = Path(__file__).parents[1]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text()
)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {n: s for n, s in SERVICES.items() if s["image"].startswith("erasure-")}
SETTINGS: Final = {variable_of(field) for field in Settings.model_fields}

each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def _instructions() -> list[dict[str, str]]:
    """Read the Dockerfile's instructions, without its comments."""
    parser = DockerfileParser(path=str(ROOT / "Dockerfile"), cache_content=True)
    return [i for i in parser.structure if i["instruction"] != "COMMENT"]


def _last_stage() -> list[dict[str, str]]:
    """Take the instructions of the image that runs."""
    instructions = _instructions()
    starts = [n for n, i in enumerate(instructions) if i["instruction"] == "FROM"]
    return instructions[starts[-1] :]


def _values(instructions: list[dict[str, str]], kind: str) -> list[str]:
    return [i["value"] for i in instructions if i["instruction"] == kind]


def test_image_runs_without_root() -> None:
    """The last user is a number other than 0, which Kubernetes can check."""
    user = _values(_last_stage(), "USER")[-1]

    uid, _, gid = user.partition(":")

    assert int(uid) > 0
    assert int(gid) > 0


def test_image_is_built_in_two_stages() -> None:
    """Nothing that runs installs or compiles: it is copied from the build stage."""
    stages = [i for i in _instructions() if i["instruction"] == "FROM"]
    commands = " ".join(_values(_last_stage(), "RUN"))

    assert len(stages) == 2
    assert any("--from=build" in c for c in _values(_last_stage(), "COPY"))
    assert not re.search(r"\b(pip|apt-get|gcc|curl|wget)\b", commands)


def test_image_installs_only_what_the_locks_name() -> None:
    """Each install is either from a lock with hashes or of our own code alone."""
    commands = " ".join(_values(_instructions(), "RUN")).split("&&")
    installs = [c for c in commands if re.search(r"\binstall\s+-", c) and "pip" in c]

    assert installs
    for command in installs:
        assert "--require-hashes" in command or "--no-deps" in command


def test_image_copies_what_exists_and_the_context_holds() -> None:
    """Each path that the build copies is there and passes .dockerignore."""
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copies = [c for c in _values(_instructions(), "COPY") if "--from" not in c]

    sources = [source for copy in copies for source in copy.split()[:-1]]

    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_in, source


def test_image_holds_no_secret() -> None:
    """No variable of the image looks like a credential."""
    variables = " ".join(
        _values(_instructions(), "ENV") + _values(_instructions(), "ARG")
    )

    assert not re.search(r"PASSWORD|SECRET|TOKEN|DATABASE_URL", variables)


@each_service
def test_service_names_a_pinned_image(name: str) -> None:
    """Every service says what it runs, and a version of what others publish."""
    image, _, tag = SERVICES[name]["image"].partition(":")

    assert image
    assert tag
    assert tag != "latest"


@each_service
def test_service_is_asked_for_its_health(name: str) -> None:
    """Every service that stays has a healthcheck; the one-shot says it has none."""
    check = SERVICES[name]["healthcheck"]

    if SERVICES[name]["restart"] == "no":
        assert check == {"disable": True}
    else:
        assert check["test"][0] == "CMD"
        assert {"interval", "timeout", "retries"} <= check.keys()


@each_service
def test_service_waits_for_services_that_can_be_waited_for(name: str) -> None:
    """What a service depends on exists and can reach the state it waits for."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no"
        else:
            assert wait["condition"] == "service_healthy"
            assert "test" in SERVICES[other]["healthcheck"]


@each_service
def test_service_has_no_privileges(name: str) -> None:
    """No service may gain a capability or a privilege."""
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "network_mode"} & service.keys()


@pytest.mark.parametrize("name", [*OURS, "postgres"])
def test_service_cannot_write_its_own_files(name: str) -> None:
    """Code and settings are read-only; what may be written is named."""
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["tmpfs"]


@each_service
def test_service_keeps_secrets_out_of_its_environment(name: str) -> None:
    """Passwords arrive as files: variables show up in listings and crash reports."""
    for variable, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in variable:
            assert variable.endswith("_FILE")
        if variable.endswith("_URL"):
            assert value.startswith("file:/run/secrets/")
        if "/run/secrets/" in str(value):
            assert str(value).rsplit("/", 1)[1] in SERVICES[name]["secrets"]


def test_variables_are_settings() -> None:
    """Every variable of ours that the image or a service sets is one we read."""
    image = " ".join(_values(_last_stage(), "ENV"))
    environments = [service.get("environment", {}) for service in OURS.values()]

    in_image = set(re.findall(r"ERASURE_\w+", image))
    in_services = {
        variable
        for names in environments
        for variable in names
        if variable.startswith("ERASURE_")
    }

    assert in_image
    assert in_image <= SETTINGS
    assert in_services
    assert in_services <= SETTINGS


def test_default_register_names_the_imitations_and_secrets_that_are_set(
    tmp_path: Path,
) -> None:
    """The register of the composition loads, and its secrets are in `work`."""
    text = (ROOT / "deploy" / "register.toml").read_text()
    here = tmp_path / "register.toml"
    here.write_text(text.replace("file:/run/secrets/portal_public", PUBLIC))
    assert "portal_public" in SERVICES["ingest"]["secrets"]
    register = load_register(here, catalog())
    given = SERVICES["work"]["environment"]

    asked = {
        ref for entry in register.accounts.values() for ref in entry.secrets.values()
    }
    addresses = {
        base for entry in register.accounts.values() for base in entry.bases.values()
    }

    assert asked
    assert {reference.removeprefix("env:") for reference in asked} <= given.keys()
    assert all(address.startswith("http://fakes:8080/") for address in addresses)


@each_service
def test_service_uses_declared_networks_volumes_and_secrets(name: str) -> None:
    """Whatever a service names is declared below."""
    service = SERVICES[name]
    mounts = [v for v in service.get("volumes", []) if isinstance(v, str)]

    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert {v.split(":")[0] for v in mounts} <= COMPOSE["volumes"].keys()


@each_service
def test_service_publishes_to_this_machine_only(name: str) -> None:
    """A published port is bound to the loopback address."""
    assert all(p.startswith("127.0.0.1:") for p in SERVICES[name].get("ports", []))


def test_database_is_not_reachable_from_outside() -> None:
    """PostgreSQL stands in a network without a way out or in."""
    assert SERVICES["postgres"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_every_stage_runs_in_one_service() -> None:
    """Together the services run each stage, and none twice."""
    commands = [s["command"] for s in OURS.values() if s["command"][0] == "run"]

    words = [
        word.removeprefix("--only=") for command in commands for word in command[1:]
    ]
    stages = [word for word in words if word != "--only"]

    assert sorted(stages) == sorted(STAGES)


def test_continuous_integration_runs_what_developers_run() -> None:
    """The workflow calls the one script, and pins every action by its commit."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())

    steps = workflow["jobs"]["check-and-test"]["steps"]

    assert any(step.get("run") == "bash .ci/run" for step in steps)
    for action in [step["uses"] for step in steps if "uses" in step]:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)


def test_continuous_integration_script_can_be_executed() -> None:
    """The script has its executable bit and is sound bash."""
    script = ROOT / ".ci/run"

    check = subprocess.run(["/bin/bash", "-n", script], check=False)

    assert check.returncode == 0
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("lock", ["build", "run", "dev"])
def test_lock_has_hashes_and_names_no_place(lock: str) -> None:
    """Every requirement is pinned with hashes; no index, address or path is named."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()

    pins = re.findall(
        r"^[\w.-]+==\S+(?: ; .*)? \\\n +--hash=sha256:", text, re.MULTILINE
    )

    assert pins
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))
    assert not re.search(r"://|--index|--find-links|--trusted|@ ", text)


@pytest.mark.parametrize(
    ("lock", "extras"),
    [pytest.param("run", [], id="run"), pytest.param("dev", ["dev"], id="dev")],
)
def test_lock_satisfies_the_project(lock: str, extras: list[str]) -> None:
    """Each declared dependency is in the lock, in a version the project accepts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))

    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]

    for requirement in map(Requirement, wanted):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement
