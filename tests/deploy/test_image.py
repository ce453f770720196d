"""The image, by rules that can be checked without building it, and the two scripts in it, by running them."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from services.register import SERVICES
from tests.deploy.compose import DEPLOY, PROJECT, ours, processes

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in whole]


def final_stage() -> list[tuple[str, str]]:
    found = instructions()
    last = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[last:]


def test_bases_are_pinned_and_the_same() -> None:
    bases = {text.split(" AS ")[0] for word, text in instructions() if word == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[1-9]-slim-\w+", bases.pop())


def test_the_final_image_runs_as_nobody_and_builds_nothing() -> None:
    stage = final_stage()
    words = [word for word, _ in stage]
    assert dict(stage)["USER"] == "10001:10001"
    assert words.index("USER") > max(index for index, word in enumerate(words) if word == "COPY")
    assert "RUN" not in words  # nothing is installed here: no compilers, no package lists
    assert all(text.startswith("--from=build ") for word, text in stage if word == "COPY")


def test_packages_come_as_wheels_with_the_hashes_of_the_lock() -> None:
    [install] = [text for word, text in instructions() if word == "RUN" and " install " in text]
    assert {"--require-hashes", "--only-binary"} <= set(install.split())
    assert "requirements.lock" in install


def test_nothing_is_fetched_and_no_secret_is_built_in() -> None:
    assert "ADD" not in {word for word, _ in instructions()}
    assert not re.search(r"https?://|curl|wget|apt-get", DOCKERFILE)
    given = " ".join(text for word, text in instructions() if word in {"ARG", "ENV"})
    assert not re.search(r"PASSWORD|SECRET|TOKEN|KEY", given)


def test_the_service_is_an_argument_and_the_role_too() -> None:
    stage = dict(final_stage())
    assert stage["CMD"] == r'["sh", "-c", "exec dondoc \"$ROLE\" \"$SERVICE\""]'
    assert [text for word, text in final_stage() if word == "ARG"] == ["SERVICE", "ROLE=serve"]
    assert {service["build"]["args"]["SERVICE"] for service in ours().values()} == set(SERVICES)
    for name, service in processes().items():
        assert service["build"]["args"]["SERVICE"] == name.removesuffix("-worker")
        assert service["image"].startswith(f"dondoc-{service['build']['args']['SERVICE']}:")


def test_the_image_listens_where_everyone_looks() -> None:
    stage = dict(final_stage())
    assert "DONDOC_PORT=8000" in stage["ENV"]
    assert stage["EXPOSE"] == "8000"
    assert {service["environment"]["DONDOC_PORT"] for service in ours().values()} == {"8000"}


def test_the_build_sees_what_it_copies_and_no_more() -> None:
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    admitted = [rule[1:] for rule in rules if rule.startswith("!")]
    assert rules[1] == "*"
    assert all((PROJECT / path).exists() for path in admitted)
    for file in re.findall(r"/app/(deploy/\w+\.py)", DOCKERFILE):
        assert file in admitted
    for secret in (
        "deploy/secrets/secret_key",
        ".env",
        ".dondoc/admin.key",
        ".git/config",
        "tests/conftest.py",
    ):
        assert not any(fnmatch(secret, path) or secret.startswith(f"{path}/") for path in admitted)


# --- its health check ------------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b'{"troubles":{"tasks-log":"Kafka: no broker answers"}}')

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check(port: int) -> subprocess.CompletedProcess[str]:
    environment = {"DONDOC_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, DEPLOY / "healthcheck.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1), (401, 1)])
def test_the_health_check_says_what_readyz_says(status: int, expected: int) -> None:
    with answering(status) as port:
        ran = check(port)
    assert ran.returncode == expected
    assert ("no broker answers" in ran.stderr) == (expected == 1)


def test_the_health_check_fails_where_nothing_listens() -> None:
    with answering(200) as port:
        pass
    assert check(port).returncode == 1
