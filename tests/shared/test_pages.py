"""The pages that links in answers lead to: without a key, in both languages, as HTML or as data."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from http import HTTPStatus

import httpx2
import jsonschema
import pytest

from services.reference import PROJECT
from services.reference.events import EVENTS
from services.reference.refusals import collect
from shared.events.envelope import schema_id
from shared.events.schemas import CONTRACTS
from shared.http.pages.problems import ADVICE, catalogue
from shared.http.pages.schemas import page_path
from shared.http.problems import STATUS
from tests.support.toy import Toy

TYPE = "vn.dondoc.tasks.task.created.v1"


@pytest.fixture
def http(toy: Toy) -> httpx2.AsyncClient:
    """Without a key."""
    return toy.http


class Outline(HTMLParser):
    """Checks that elements nest, and keeps what a reader meets."""

    void = frozenset({"meta", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes.setdefault(tag, dict(attrs))
        self.links += [value for name, value in attrs if name == "href" and value]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_a_problem_s_type_is_a_page_that_says_what_to_do(http: httpx2.AsyncClient) -> None:
    refused = await http.get("/toy/v1/things/1")
    answer = await http.get(refused.json()["type"])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for words in (
        "<code>key_required</code>",
        "HTTP 401 Unauthorized",
        "Cần khóa API còn hiệu lực",
        "A valid API key is required",
        "đề nghị đơn vị vận hành cấp khóa mới",
        "ask the operator for a new one",
    ):
        assert words in answer.text
    outline = Outline(answer.text)
    assert (outline.attributes["html"], outline.seen.count("h1")) == ({"lang": "vi"}, 1)
    assert {"main", "title", "h2"} <= set(outline.seen)
    assert "script" not in outline.seen
    assert 'lang="en"' in answer.text
    assert "width=device-width" in answer.text


async def test_it_may_be_kept_and_pulls_in_nothing(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/problems/key_required")
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert answer.headers["vary"] == "Accept"
    assert (await http.get("/toy/v1/things/1")).headers.get_list("cache-control") == ["no-store"]
    assert all(link.startswith("/") for link in Outline(answer.text).links)


@pytest.mark.parametrize("path", ["/problems/key_required", "/problems", "/schemas", "/toy/docs"])
async def test_a_page_may_run_and_draw_only_what_is_ours(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert "unsafe" not in policy
    assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)
    for style in re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL):
        assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    files = re.findall(r'<(?:script src|link rel="stylesheet" href)="(/[^"]+)"></?', answer.text)
    assert answer.text.count("<script") == sum(file.endswith(".js") for file in files)
    for file in files:
        assert (await http.get(file)).status_code == 200
        assert "-src 'self'" in policy


async def test_what_is_no_page_loads_nothing(http: httpx2.AsyncClient) -> None:
    for path in ("/healthz", "/toy/v1/things/1", "/nowhere"):
        policy = (await http.get(path)).headers["content-security-policy"]
        assert policy == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json;q=0.9, text/html;q=0.2", "application/json"),
        ("application/*", "application/json"),
        ("image/png", "text/html"),
        ("text/html;q=x, */*;q=0.1", "application/json"),
        (", ;;q=,", "text/html"),
    ],
)
async def test_who_asks_for_data_gets_data(http: httpx2.AsyncClient, accept: str | None, kind: str) -> None:
    http.headers.pop("accept")
    answer = await http.get("/problems/version_stale", headers={"accept": accept} if accept else {})
    assert answer.headers["content-type"].partition(";")[0] == kind
    if kind == "application/json":
        situation = answer.json()["situations"][0]
        assert (situation["status"], situation["title"]) == (412, "Precondition Failed")
        assert all(situation[name] for name in ("detail", "detail_en", "advice", "advice_en"))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/problems/no_such_code", "problem_code_unknown"),
        ("/problems/%3Cscript%3E", "problem_code_unknown"),
        ("/problems/a/b", "not_found"),
        ("/schemas/vn.dondoc.tasks.task.created/v2", "event_type_unknown"),
        ("/schemas/vn.dondoc.tasks.task.created.v1", "not_found"),
        ("/schemas/..%2Ftasks.json", "event_type_unknown"),
        ("/schemas/x.json", "event_type_unknown"),
    ],
)
async def test_what_is_not_there_is_a_problem_with_a_page(
    http: httpx2.AsyncClient, path: str, code: str
) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await http.get(answer.json()["type"])).status_code == 200


async def test_every_code_and_every_event_type_has_its_page(http: httpx2.AsyncClient) -> None:
    lists = {path: Outline((await http.get(path)).text).links for path in ("/problems", "/schemas")}
    assert lists["/problems"] == [f"/problems/{code}" for code in catalogue()]
    assert sorted(lists["/schemas"]) == sorted(page_path(event_type) for event_type in EVENTS)
    for path in (*lists["/problems"], *lists["/schemas"]):
        answer = await http.get(path)
        assert answer.status_code == 200, path
        outline = Outline(answer.text)
        assert re.search("[À-ỹ]", answer.text), path
        assert outline.seen.count("h1") == 1


async def test_dataschema_is_the_schema_that_the_event_keeps_to(http: httpx2.AsyncClient) -> None:
    raw = await http.get(schema_id(TYPE))
    assert raw.headers["content-type"] == "application/schema+json"
    assert raw.json()["$id"] == schema_id(TYPE)
    jsonschema.Draft202012Validator.check_schema(raw.json())
    name, _, version = TYPE.rpartition(".")
    path = f"/schemas/{name}/{version}"
    for accept in ("application/json", "application/schema+json"):
        answer = await http.get(path, headers={"accept": accept})
        assert answer.headers["content-type"] == accept
        assert answer.json() == raw.json()
    page = await http.get(path, headers={"accept": "text/html"})
    assert schema_id(TYPE) in Outline(page.text).links
    assert "&quot;$id&quot;" in page.text


def test_the_contracts_are_those_of_the_registered_services() -> None:
    assert CONTRACTS == EVENTS


def test_what_is_shipped_is_what_the_code_says() -> None:
    entries, _ = collect(PROJECT)
    assert set(catalogue()) == {entry.code for entry in entries}
    met = {(code, each.detail) for code, found in catalogue().items() for each in found}
    assert (
        "too_many_requests",
        "Gửi quá nhanh, hoặc quá nhiều yêu cầu cùng lúc: chờ một giây rồi gửi lại.",
    ) in met  # by the gateway
    assert {"not_found", "code_invalid", "internal_error"} <= catalogue().keys()


def test_every_status_has_its_advice() -> None:
    found = {each.status for situations in catalogue().values() for each in situations}
    assert found | set(STATUS.values()) <= ADVICE.keys()
    assert all(HTTPStatus(status) for status in ADVICE if status)
    for vi, en in ADVICE.values():
        assert re.search("[À-ỹ]", vi)
        assert not re.search("[À-ỹ]", en)
