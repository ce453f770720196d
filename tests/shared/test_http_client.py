"""Where a call goes and what it carries, against a server on loopback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.http.outgoing import OutgoingPolicy, check_headers, retry_after_seconds
from tests.support.receiver import BODY, HEADERS, NAME, NOW, Dialled, Names, client, receiving, record_dials


@pytest.fixture(autouse=True)
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    return record_dials(monkeypatch)


async def test_the_body_arrives_as_given_with_the_name_as_host() -> None:
    webhooks = client()
    async with receiving() as receiver:
        outcome = await webhooks.post(
            f"http://{NAME}:{receiver.port}/a%20b?c=%2F", body=BODY, headers=HEADERS
        )
    assert outcome.accepted
    assert (outcome.status_code, outcome.error, outcome.excerpt) == (200, None, "ok")
    assert (outcome.address, outcome.retry_after) == ("127.0.0.1", None)
    assert 0 < outcome.duration_seconds < 5
    [(line, headers, body)] = receiver.requests
    assert line == "POST /a%20b?c=%2F HTTP/1.1"
    assert body == BODY
    assert headers["host"] == f"{NAME}:{receiver.port}"
    assert headers["accept-encoding"] == "identity"
    assert headers["webhook-id"] == "msg_1"
    assert "cookie" not in headers


async def test_only_one_look_up_is_made_and_what_was_checked_is_dialled(dialled: Dialled) -> None:
    names = Names(["8.8.8.8"], ["127.0.0.1"])  # DNS rebinding: a public answer first, then a private one
    webhooks = client(OutgoingPolicy(), resolve=names)
    outcome = await webhooks.post(f"https://{NAME}/", body=BODY, headers=HEADERS)
    assert names.asked == [NAME]
    assert dialled == [("8.8.8.8", 443)]
    assert (outcome.error, outcome.address) == ("connect_failure", "8.8.8.8")


async def test_every_call_looks_up_and_dials_anew(dialled: Dialled) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    webhooks = client(resolve=names)
    async with receiving() as receiver:
        url = f"http://{NAME}:{receiver.port}/"
        outcomes = [await webhooks.post(url, body=BODY, headers=HEADERS) for _ in range(2)]
    assert [outcome.status_code for outcome in outcomes] == [200, None]
    assert outcomes[1].error == "dns_failure"
    assert dialled == [("127.0.0.1", receiver.port)]


@pytest.mark.parametrize(
    ("url", "answers", "error"),
    [
        (f"https://{NAME}/", ["8.8.8.8", "10.0.0.1"], "dns_failure"),
        (f"https://{NAME}/", ["::ffff:169.254.169.254"], "dns_failure"),
        (f"http://{NAME}/", ["127.0.0.1", "8.8.8.8"], "refused_address"),
        ("https://169.254.169.254/latest/", [], "refused_address"),
        ("https://[::ffff:a9fe:a9fe]/", [], "refused_address"),
        ("http://8.8.8.8/", [], "refused_address"),
        ("https://2130706433/", [], "refused_url"),
        ("ftp://example.vn/", [], "refused_url"),
        (f"https://{NAME}/", [], "dns_failure"),
    ],
)
async def test_nothing_is_dialled_for_what_is_refused(
    url: str, answers: list[str], error: str, dialled: Dialled
) -> None:
    webhooks = client(resolve=Names(answers))
    outcome = await webhooks.post(url, body=BODY, headers=HEADERS)
    assert (outcome.error, outcome.status_code, outcome.address) == (error, None, None)
    assert dialled == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_returned_and_not_followed(status: int, dialled: Dialled) -> None:
    async with receiving() as inner:
        location = f"http://127.0.0.1:{inner.port}/".encode()
        answer = b"HTTP/1.1 %d Go\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n" % (status, location)
        webhooks = client()
        async with receiving(answer) as receiver:
            outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.error, outcome.accepted) == (status, None, False)
    assert inner.requests == []
    assert len(dialled) == 1


async def test_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 204 No\r\nset-cookie: session=1; Path=/\r\n\r\n"
    webhooks = client()
    async with receiving(answer) as receiver:
        for _ in range(2):
            await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert ["cookie" in headers for _, headers, _ in receiver.requests] == [False, False]


async def test_proxies_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, dialled: Dialled
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")
    webhooks = client()
    async with receiving() as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert outcome.accepted
    assert dialled == [("127.0.0.1", receiver.port)]


@pytest.mark.parametrize(
    ("value", "seconds"), [("120", 120), ("Mon, 09 Mar 2026 01:31:30 GMT", 90), ("soon", None)]
)
async def test_retry_after_is_read(value: str, seconds: int | None) -> None:
    answer = f"HTTP/1.1 503 Busy\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n".encode()
    webhooks = client()
    async with receiving(answer) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.retry_after) == (503, seconds)


BAD_HEADERS = [
    {"x-note": "a\r\nx-injected: 1"},
    {"x-note": "a\nb"},
    {"x-note": "a\0b"},
    {"x-note": "đôn đốc"},
    {"x note": "a"},
    {"x-note\r\n": "a"},
    {"": "a"},
    {"Host": "internal"},
    {"Transfer-Encoding": "chunked"},
    {"content-length": "0"},
    {"Accept-Encoding": "gzip"},
]


@pytest.mark.parametrize("headers", BAD_HEADERS)
async def test_headers_that_would_reframe_the_request_are_refused(
    headers: dict[str, str], dialled: Dialled
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_headers(headers)
    assert (refusal.value.code, refusal.value.field) == ("webhook_header_refused", "headers")
    webhooks = client()
    outcome = await webhooks.post("http://127.0.0.1:1/", body=BODY, headers=headers)
    assert (outcome.error, dialled) == ("refused_header", [])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 5000, 10**20 - 1),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("", None),
        ("Mon, 09 Mar 2026 01:30:00 GMT", 0),
        ("Mon, 09 Mar 2026 01:29:00 GMT", 0),
        ("Mon, 09 Mar 2026 02:30:00 GMT", 3600),
        ("Monday, 09-Mar-26 01:31:00 GMT", 60),  # the two obsolete forms: RFC 9110, 5.6.7
        ("Mon Mar  9 01:31:00 2026", 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 251_629_280_999),
        ("Mon, 99 Mar 2026 01:30:00 GMT", None),
    ],
)
def test_retry_after_takes_both_forms(value: str | None, seconds: int | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{0,9} [A-Z+0-9-]{0,6}")
)
def test_retry_after_never_raises_and_never_goes_back(value: str) -> None:
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds >= 0
