"""The gateway's configuration: by its words, and by running it where nginx is on the machine."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import pytest

from services.register import SERVICES
from shared.http.edge import MAX_BODY_BYTES
from tests.deploy.compose import DEPLOY, ours, services

TEXT = (DEPLOY / "gateway" / "nginx.conf").read_text(encoding="utf-8")
MIB = 1024 * 1024
MOST_UNDER_WAY = 5
LOOK_SECONDS, WAIT_SECONDS = 0.05, 30.0


def test_braces_are_balanced_and_every_statement_ends() -> None:
    bare = re.sub(r"'[^']*'", "''", re.sub(r"(^|\s)#.*", "", TEXT))
    assert bare.count("{") == bare.count("}")
    for line in filter(None, map(str.strip, bare.splitlines())):
        assert line[-1] in "{};" or line.startswith(("log_format", "''")), line


def test_each_service_is_reached_where_it_listens() -> None:
    upstreams = dict(re.findall(r"set \$(\w+) http://(\w+:\d+);", TEXT))
    assert upstreams == {
        service: f"{service}:{ours()[service]['environment']['DONDOC_PORT']}" for service in SERVICES
    }
    for service in SERVICES:
        assert re.search(rf"location /{service}/ {{\s+proxy_pass \${service};", TEXT)
        assert set(services()["gateway"]["networks"]) & set(ours()[service]["networks"])
    [listens] = re.findall(r"listen (\d+);", TEXT)
    assert services()["gateway"]["ports"][0].endswith(f":{listens}")
    assert f"127.0.0.1:{listens}" in services()["gateway"]["healthcheck"]["test"][-1]


def test_bodies_have_the_services_own_limits() -> None:
    server, *_ = re.findall(r"client_max_body_size (\d+)m;", TEXT)
    assert int(server) * MIB == MAX_BODY_BYTES
    uploads = re.findall(r"location = (\S+) {\s+client_max_body_size (\d+)m;", TEXT)
    assert {path: int(size) * MIB for path, size in uploads} == {
        path: limit
        for service in SERVICES
        for path, limit in getattr(import_module(f"services.{service}.api"), "BODY_LIMITS", {}).items()
    }


def test_what_is_written_lies_in_tmp() -> None:
    """The root is read-only."""
    assert all(path.startswith("/tmp/") for path in re.findall(r"(?:pid|temp_path) (\S+);", TEXT))  # noqa: S108 - its own


def test_the_gateway_s_refusals_are_problems() -> None:
    for status, body in re.findall(r"return (4\d\d|5\d\d) '([^']+)';", TEXT):
        problem = json.loads(body)
        assert problem["status"] == int(status)
        assert problem["type"] == f"/problems/{problem['code']}"
        assert problem["detail"]
        assert problem["detail_en"]


# --- running -----------------------------------------------------------------------------------------------------------


class _Echo(BaseHTTPRequestHandler):
    """Answers with what came: path, body length, request id."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = len(self.rfile.read(int(self.headers.get("content-length", "0"))))
        body = json.dumps({"path": self.path, "length": length, "id": self.headers["x-request-id"]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as the library wants it

    def log_message(self, *_: object) -> None:
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[int]:
    """nginx with this configuration, its names, folders and number of requests under way replaced by those of the test."""
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("no nginx here")
    port, nobody = _free_port(), _free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as upstream:
        thread = threading.Thread(target=upstream.serve_forever)
        thread.start()
        text = TEXT.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")  # noqa: S108 - its own
        text = text.replace("tasks:8000", f"127.0.0.1:{upstream.server_port}").replace(
            "notify:8000", f"127.0.0.1:{nobody}"
        )
        text = text.replace("# set_real_ip_from 192.0.2.1;", "set_real_ip_from 127.0.0.1;")
        text = text.replace("limit_conn under_way 200;", f"limit_conn under_way {MOST_UNDER_WAY};")
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [program, "-c", folder / "nginx.conf", "-p", folder, "-g", "daemon off;"],
                stdout=log,
                stderr=log,
            )
            try:
                _await_port(port, process, folder / "log")
                yield port
            finally:
                process.terminate()
                process.wait(10)
                upstream.shutdown()
                thread.join()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(log.read_text(encoding="utf-8"))


def ask(
    port: int, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, object]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def wait_for(true: Callable[[], bool]) -> bool:
    ends = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def test_paths_go_through_unchanged_with_an_id(gateway: int) -> None:
    status, seen = ask(gateway, "GET", "/tasks/v1/tasks?q=b%C3%A1o&limit=5")
    assert (status, seen["path"]) == (200, "/tasks/v1/tasks?q=b%C3%A1o&limit=5")
    assert re.fullmatch(r"[0-9a-f]{32}", str(seen["id"]))


@pytest.mark.parametrize(
    "path", ["/problems", "/problems/not_found", "/schemas/vn.dondoc.tasks.task.created/v1"]
)
def test_links_of_answers_lead_to_a_service(gateway: int, path: str) -> None:
    status, seen = ask(gateway, "GET", path)
    assert (status, seen["path"]) == (200, path)


@pytest.mark.parametrize(
    "path", ["/metrics", "/problemsolving", "/readyz", "/", "/tasks/../metrics", "/portal/"]
)
def test_the_inside_stays_inside(gateway: int, path: str) -> None:
    status, problem = ask(gateway, "GET", path)
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/tasks/v1/tasks?q=" + "x" * 9_000, {}),
        ("/tasks/v1/tasks", {"x-long": "x" * 9_000}),
        ("/tasks/v1/tasks", {"content-length": "x"}),
    ],
    ids=["address", "header", "syntax"],
)
def test_what_cannot_be_read_is_a_problem(gateway: int, path: str, headers: dict[str, str]) -> None:
    connection = HTTPConnection("127.0.0.1", gateway, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json"
    assert json.loads(response.read())["code"] == "bad_request"
    assert response.headers["x-request-id"]
    connection.close()


def test_only_annexes_may_be_large(gateway: int) -> None:
    status, problem = ask(gateway, "POST", "/tasks/v1/tasks", b"x" * (MIB + 1))
    assert (status, problem["code"]) == (413, "body_too_large")
    assert ask(gateway, "POST", "/tasks/v1/imports", b"x" * (20 * MIB))[1]["length"] == 20 * MIB


def test_a_service_that_is_away_is_a_problem_to_try_again(gateway: int) -> None:
    status, problem = ask(gateway, "GET", "/notify/v1/alerts")
    assert (status, problem["code"]) == (503, "service_unavailable")


def key(name: str) -> str:
    return f"ddk_0123456789ab_{name}_mac"


def test_one_key_in_a_hurry_costs_the_others_nothing(gateway: int) -> None:
    """Also where it is spelt in another way each time."""
    spellings = [
        f"{'bearer' if blanks % 2 else 'Bearer'}{' ' * blanks}{key('a')}" for blanks in range(1, 121)
    ]
    hurried = {ask(gateway, "GET", "/tasks/v1/tasks", authorization=each)[0] for each in spellings}
    assert hurried == {200, 429}
    assert ask(gateway, "GET", "/tasks/v1/tasks", authorization=f"Bearer {key('b')}")[0] == 200


def test_bodies_that_do_not_arrive_are_held_for_one_address_up_to_a_number_and_on_no_disk(
    gateway: int, folder: Path
) -> None:
    held = [HTTPConnection("127.0.0.1", gateway, timeout=10) for _ in range(MOST_UNDER_WAY)]
    for connection in held:
        connection.putrequest("POST", "/tasks/v1/tasks")
        connection.putheader("content-length", "100000")
        connection.endheaders(b"x" * 90_000)

    def refused() -> bool:
        status, problem = ask(gateway, "GET", "/tasks/v1/tasks")
        return (status, problem.get("code")) == (429, "too_many_requests")

    assert wait_for(refused)
    assert ask(gateway, "GET", "/tasks/v1/tasks", **{"x-forwarded-for": "203.0.113.7"})[0] == 200
    assert list((folder / "body").iterdir()) == []
    held[0].send(b"x" * 10_000)
    assert json.loads(held[0].getresponse().read())["length"] == 100_000
    for connection in held:
        connection.close()
    assert wait_for(lambda: not refused())
