"""The deployment, as far as it can be proved without a container engine; the journey test runs the same commands."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer import Context
from typer.main import get_command

from services.cli.app import app
from services.cli.processes import settings_reference
from services.register import REGISTER, SERVICES, declared_topics
from shared.spreadsheets.apart import AT_ONCE
from shared.spreadsheets.child import MAX_MEMORY
from tests.deploy.compose import COMPOSE, DEPLOY, PROJECT, VARIABLE, compose, ours, processes, services
from tests.support.ports import free_port
from tests.support.processes import run

PASSWORD_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@{}]+@")
PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)*(-[\w.]+)?")  # a version, never `latest` and never nothing
WRITES_ITS_ROOT = {"kafka"}  # its entry point writes server.properties beside the programs
every_service = pytest.mark.parametrize("name", sorted(services()))


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True, capture_output=True)
    return folder


# --- what our processes are told -----------------------------------------------------------------------------------


def test_one_container_per_service_and_per_worker() -> None:
    commands = {name: service["command"] for name, service in processes().items()}
    assert commands == {
        **{service: ["dondoc", "serve", service] for service in SERVICES},
        **{f"{service}-worker": ["dondoc", "work", service] for service in SERVICES},
    }


@pytest.mark.parametrize("name", sorted(processes()))
def test_its_memory_holds_the_reader_of_a_spreadsheet_too(name: str) -> None:
    memory = processes()[name]["deploy"]["resources"]["limits"]["memory"]
    assert int(memory.removesuffix("M")) * 2**20 >= AT_ONCE * MAX_MEMORY + 256 * 2**20


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_command_is_one_of_dondoc(name: str) -> None:
    service = ours()[name]
    words = [*service.get("entrypoint", ()), *service["command"]]
    assert words[0] == "dondoc"
    command = get_command(app)
    if words[1:] == ["--help"]:
        return
    found = command.get_command(Context(command), words[1])  # type: ignore[attr-defined]  # a group, since it has commands
    assert found is not None, words
    found.make_context(words[1], words[2:])  # raises where the words are not accepted


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_variable_is_one_that_processes_read(name: str) -> None:
    known = {row["variable"] for row in settings_reference()}
    assert {variable for variable in ours()[name]["environment"] if variable.startswith("DONDOC_")} <= known


@pytest.mark.parametrize("name", sorted(processes()))
def test_the_environment_makes_settings(name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by the settings' own code, with the secrets as drawn, each service reaches its database as its own role."""
    for variable, value in processes()[name]["environment"].items():
        assert isinstance(value, str), variable
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(secrets)))
    service = name.removesuffix("-worker")
    settings = REGISTER[service].settings()  # from the environment
    url = settings.database_for(service)
    assert (url.username, url.host, url.database) == (f"dondoc_{service}", "postgres", f"dondoc_{service}")
    assert url.password == (secrets / f"database_{service}").read_text(encoding="ascii")
    assert [len(secret) for secret in settings.secrets] == [32]
    assert settings.allow_outgoing == ()
    assert declared_topics(settings.kafka_replication)[0].config["min.insync.replicas"] == "1"


@pytest.mark.parametrize("name", sorted(ours()))
def test_a_process_is_given_its_own_secrets_only(name: str) -> None:
    given = set(ours()[name]["secrets"])
    if name not in processes():
        assert given == {
            "secret_key",
            "secret_key_previous",
            *(f"database_{service}" for service in SERVICES),
        }
        return
    assert given == {"secret_key", "secret_key_previous", f"database_{name.removesuffix('-worker')}"}


@pytest.mark.parametrize("name", sorted(processes()))
def test_a_process_starts_with_its_own_secrets_alone(name: str, secrets: Path, tmp_path: Path) -> None:
    """The whole command, as far as it can come without a server: it asks for its database, and for no other file."""
    process = processes()[name]
    for secret in process["secrets"]:
        shutil.copy(secrets / secret, tmp_path)
    given = {
        variable: value.replace("/run/secrets", str(tmp_path))
        for variable, value in process["environment"].items()
    }
    here = {"DONDOC_HOST": "127.0.0.1", "DONDOC_PORT": str(free_port())}
    url = given["DONDOC_DATABASE_URL"].replace("@postgres/", "@127.0.0.1:1/")  # where no server answers
    stopped = run(*process["command"][1:], env=given | here | {"DONDOC_DATABASE_URL": url}, check=False)
    assert stopped.returncode == 1, stopped.stdout
    assert f"dondoc_{name.removesuffix('-worker')}" in stopped.stderr
    assert "cannot be reached" in stopped.stderr


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_every_secret_is_drawn_once_and_out_of_others_reach(secrets: Path) -> None:
    declared = {name: Path(secret["file"]) for name, secret in compose()["secrets"].items()}
    assert {file.parent for file in declared.values()} == {Path("deploy/secrets")}
    before = {file.name: file.read_text(encoding="ascii") for file in secrets.iterdir()}
    assert before.keys() == {file.name for file in declared.values()} == declared.keys()
    empty = {"monitor_key", "secret_key_previous"}
    assert {before[name] for name in empty} == {""}
    assert len(set(before.values())) == len(before) - 1
    assert all(len(text.strip()) >= 43 for name, text in before.items() if name not in empty)
    subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True, capture_output=True)
    assert {file.name: file.read_text(encoding="ascii") for file in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o077 == 0


@every_service
def test_no_password_stands_in_the_environment(name: str) -> None:
    for variable, value in services()[name].get("environment", {}).items():
        secret = re.search(r"PASSWORD|SECRET|TOKEN|_KEY", variable) is not None
        assert not secret or variable.endswith("_FILE"), variable
        assert not PASSWORD_IN_URL.search(value), variable


def test_no_password_stands_in_any_file() -> None:
    assert PASSWORD_IN_URL.search("postgresql://dondoc:secret@postgres/x")
    for file in [
        COMPOSE,
        *(file for file in DEPLOY.rglob("*") if file.is_file() and "secrets" not in file.parts),
    ]:
        assert not PASSWORD_IN_URL.search(file.read_text(encoding="utf-8")), file
    assert (DEPLOY / "secrets" / ".gitignore").read_text(encoding="utf-8").splitlines()[1] == "*"


@every_service
def test_every_secret_used_is_declared_and_mounted(name: str) -> None:
    service = services()[name]
    mounted = set(service.get("secrets", ()))
    assert mounted <= compose()["secrets"].keys()
    used = set(re.findall(r"/run/secrets/([\w{}]+)", json.dumps(service)))
    own = name.removesuffix("-worker")
    of_all = {secret.replace("{service}", own) for secret in used if own in SERVICES or "{" not in secret}
    assert of_all <= mounted


# --- containers ------------------------------------------------------------------------------------------------------


@every_service
def test_containers_have_no_more_than_they_need(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is (name not in WRITES_ITS_ROOT)
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])  # noqa: S108 - in the container
    assert {"cpus", "memory", "pids"} == service["deploy"]["resources"]["limits"].keys()
    assert service["restart"] in {"unless-stopped", "no"}


@every_service
def test_nobody_is_root(name: str) -> None:
    """Ours by the Dockerfile, Kafka by its image (appuser); the others are told."""
    user = str(services()[name].get("user", ""))
    assert name in {*ours(), "kafka"} or (user and user.split(":", maxsplit=1)[0] not in {"0", "root"})


@every_service
def test_images_are_pinned(name: str) -> None:
    assert PINNED.fullmatch(services()[name]["image"])


@every_service
def test_everyone_is_asked_for_their_health(name: str) -> None:
    service = services()[name]
    if name in processes():
        assert "healthcheck" not in service  # the image's own, on /readyz
    elif name in ours():
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@every_service
def test_every_mounted_file_is_there(name: str) -> None:
    for mount in services()[name].get("volumes", ()):
        source, target, *mode = mount.split(":")
        if source.startswith("."):
            assert (PROJECT / source).exists(), mount
            assert mode == ["ro"], mount
        elif not source.startswith("/"):
            assert source in compose()["volumes"], mount
        assert target.startswith("/"), mount


@every_service
def test_everyone_waits_for_what_they_need(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        stays = services()[other]["restart"] != "no"
        assert how["condition"] == ("service_healthy" if stays else "service_completed_successfully")
    waits = set(services()[name].get("depends_on", {}))
    if name in processes():
        assert {"postgres", "migrate"} <= waits
        assert ("topics" in waits) == name.endswith("-worker")


# --- networks --------------------------------------------------------------------------------------------------------


def test_only_the_gateway_is_published_and_on_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:8000:8080"]}


def test_only_the_gateway_and_the_delivery_worker_touch_the_outside() -> None:
    networks = compose()["networks"]
    inside = {name for name, network in networks.items() if network.get("internal")}
    assert inside == {"data", "api"}
    outside = {name for name, service in services().items() if set(service["networks"]) - inside}
    assert outside == {"gateway", "notify-worker"}
    on_data = {name for name, service in services().items() if "data" in service["networks"]}
    assert on_data == {*ours(), "postgres", "kafka"}


def test_kafka_is_where_processes_look_for_it() -> None:
    kafka = services()["kafka"]["environment"]
    for service in ours().values():
        assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{service['environment']['DONDOC_KAFKA']}"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert {value for key, value in kafka.items() if key.endswith("REPLICATION_FACTOR")} == {"1"}
    assert kafka["KAFKA_LOG_DIRS"] in {mount.split(":")[1] for mount in services()["kafka"]["volumes"]}


# --- the operator's own file -----------------------------------------------------------------------------------------


def test_the_example_names_every_variable_and_no_other() -> None:
    used = {found[1] for found in VARIABLE.finditer(COMPOSE.read_text(encoding="utf-8"))}
    lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    assert {line.split("=")[0] for line in lines if line and not line.startswith("#")} == used
    assert "${" not in VARIABLE.sub("", COMPOSE.read_text(encoding="utf-8"))  # each has a default


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="no docker compose plugin here",
)
def test_docker_compose_reads_the_file() -> None:
    ran = subprocess.run(
        ["docker", "compose", "--profile", "tools", "config", "--format", "json"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    assert document["services"].keys() == services().keys()
