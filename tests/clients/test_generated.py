"""Clients generated from the OpenAPI documents, as integrators generate them, used against a running suite."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.register import SERVICES
from tests.conftest import CLIENTS_ABSENT, skip_without
from tests.support.ports import free_port
from tests.support.processes import Suite, suite_at

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
CACHE = PROJECT / ".cache" / "clients"
ANNEX = PROJECT / "tests" / "data" / "nq71_appendix3.csv"
CLOCK = "2025-05-20T08:00"
MET = {
    "location": True,
    "replayed": ["true", True],
    "stale": [412, "version_stale"],
    "refused": [422, "agency_unknown", "/problems/agency_unknown"],
    "malformed": ["request_invalid", "title"],
    "imported": [46, 0],
    "tasks": [47, True],
    "events": [True, True],
    "databases": True,
    "decisions": 0,
    "alerts": True,
    "metrics": True,
}  # by both clients


pytestmark = pytest.mark.xdist_group("clients")  # one suite, for both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    folder = tmp_path_factory.mktemp("clients") / "data"
    async with suite_at(CLOCK, folder, free_port(), "--no-seed") as running:
        yield running


def told(suite: Suite) -> list[str]:
    """The arguments of both scripts."""
    return [suite.url, (suite.folder / "admin.key").read_text(), str(ANNEX)]


def installed(lock: Path, *install: list[str]) -> Path:
    """A folder of packages as `lock` pins them, kept for the next run; skips where they cannot be had."""
    folder = CACHE / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in install:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            skip_without(
                CLIENTS_ABSENT, f"{Path(command[0]).name} installed nothing: {done.stderr.strip()[-300:]}"
            )
    (folder / "whole").touch()
    return folder


def ran(*command: str, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        skip_without(CLIENTS_ABSENT, f"{name} is not on this machine")
    return found


def test_openapi_python_client(suite: Suite, tmp_path: Path) -> None:
    lock, uv = HERE / "requirements.lock", str(Path(sys.executable).parent / "uv")
    packages = installed(
        lock,
        [uv, "venv", "--quiet", "--python", sys.executable, "env"],
        [uv, "pip", "install", "--quiet", "--python", "env", "--require-hashes", "-r", str(lock)],
    )
    python = packages / "env" / "bin" / "python"
    search = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # where the generator finds its formatter
    for service in SERVICES:
        document = PROJECT / "docs" / "openapi" / f"{service}.json"
        generate = ["generate", "--path", str(document), "--meta", "none", "--fail-on-warning"]
        output = ["--output-path", str(tmp_path / f"dondoc_{service}")]
        ran(str(python.parent / "openapi-python-client"), *generate, *output, cwd=tmp_path, PATH=search)
    met = met_by([str(python), str(HERE / "python_client.py")], suite, tmp_path, PYTHONPATH=str(tmp_path))
    assert met == MET | {
        "due": "2025-05-31",
        "amended": ["Trình đề án, bản sửa", True],
    }


def test_openapi_typescript(suite: Suite, tmp_path: Path) -> None:
    node, npm = program("node"), program("npm")
    lock = HERE / "package-lock.json"
    copied = [["cp", str(HERE / name), "."] for name in ("package.json", "package-lock.json")]
    packages = installed(lock, *copied, [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    modules = packages / "node_modules"
    (tmp_path / "node_modules").symlink_to(modules)
    for name in ("package.json", "typescript_client.ts"):
        shutil.copy(HERE / name, tmp_path)
    for service in SERVICES:
        document = PROJECT / "docs" / "openapi" / f"{service}.json"
        # a member with a default may be left out of a request
        options = ["--default-non-nullable=false", "-o", f"{service}.ts"]
        ran(node, str(modules / "openapi-typescript/bin/cli.js"), str(document), *options, cwd=tmp_path)
    strict = ["--strict", "--noUncheckedIndexedAccess", "--skipLibCheck", "--types", "node"]
    target = ["--target", "es2022", "--module", "nodenext"]
    ran(
        node,
        str(modules / "typescript/bin/tsc"),
        *strict,
        *target,
        "typescript_client.ts",
        cwd=tmp_path,
    )
    assert met_by([node, "typescript_client.js"], suite, tmp_path) == MET | {
        "due": "2025-06-30",
        "amended": ["Rà soát văn bản, bản sửa", True],
    }


def met_by(command: list[str], suite: Suite, folder: Path, **env: str) -> Any:
    return json.loads(ran(*command, *told(suite), cwd=folder, **env))
