"""Where an outgoing call may go: no socket is opened here."""

import asyncio
import socket
import threading
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.http.outgoing import AddressRefused, HostUnknown, OutgoingPolicy, check_url
from shared.http.outgoing.addresses import (
    DENIED,
    IPAddress,
    checked_addresses,
    denied,
    parse_url,
    plain,
    resolve_host,
)
from shared.runtime.networks import AllowedNetwork

PUBLIC_ONLY = OutgoingPolicy()
INTRANET = OutgoingPolicy(allow=[AllowedNetwork.parse("10.20.0.0/16"), AllowedNetwork.parse("127.0.0.0/8")])

REFUSED = [  # first and last of each block, and who would be reached there
    ("0.0.0.0", "this network"),  # noqa: S104  (nothing is bound)
    ("0.255.255.255", "this network"),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.0", "carrier-grade"),
    ("100.100.100.200", "carrier-grade"),
    ("100.127.255.255", "carrier-grade"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.255", "loopback"),
    ("168.63.129.16", "host agent"),
    ("169.254.0.0", "metadata"),
    ("169.254.169.254", "metadata"),
    ("169.254.255.255", "metadata"),
    ("172.16.0.0", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.0", "assignments"),
    ("192.0.0.192", "assignments"),
    ("192.0.0.255", "assignments"),
    ("192.0.2.0", "documentation"),
    ("192.0.2.255", "documentation"),
    ("192.88.99.0", "6to4"),
    ("192.88.99.255", "6to4"),
    ("192.168.0.0", "private"),
    ("192.168.255.255", "private"),
    ("198.18.0.0", "benchmarks"),
    ("198.19.255.255", "benchmarks"),
    ("198.51.100.0", "documentation"),
    ("198.51.100.255", "documentation"),
    ("203.0.113.0", "documentation"),
    ("203.0.113.255", "documentation"),
    ("224.0.0.0", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.0", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::2", "compatible"),
    ("::8.8.8.8", "compatible"),
    ("64:ff9b::8.8.8.8", "NAT64"),
    ("64:ff9b::10.0.0.1", "NAT64"),
    ("64:ff9b:1::", "local NAT64"),
    ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "local NAT64"),
    ("100::", "discard"),
    ("100::ffff:ffff:ffff:ffff", "discard"),
    ("2001::", "Teredo"),
    ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"),
    ("2001:1::1", "assignments"),
    ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "assignments"),
    ("2001:db8::", "documentation"),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("2002::", "6to4"),
    ("2002:7f00:1::", "6to4"),
    ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
    ("3ffe::1", "6bone"),
    ("3fff::", "documentation"),
    ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ("5f00::", "segment"),
    ("5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "segment"),
    ("fc00::", "unique local"),
    ("fd00:ec2::254", "unique local"),
    ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique local"),
    ("fe80::", "link-local"),
    ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
    ("fec0::", "site-local"),
    ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
    ("ff00::", "multicast"),
    ("ff02::1", "multicast"),
    ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside"),
    ("4000::", "outside"),
    ("7fff::", "outside"),
    ("8000::", "outside"),
    ("fbff::", "outside"),
]
PERMITTED = [  # the neighbours of the blocks above
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "168.63.129.15", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
    "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2000::1", "2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1111", "3fff:1000::1",
]  # fmt: skip


def code(url: str, policy: OutgoingPolicy = PUBLIC_ONLY) -> str | None:
    try:
        check_url(url, policy)
    except InvalidInput as refusal:
        return refusal.code if refusal.field == "url" else "names no field"
    return None


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize(("address", "why"), REFUSED)
def test_an_address_that_is_not_public_is_refused_with_its_reason(address: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why) as refusal:
        check_url(f"https://{literal(address)}/hook", PUBLIC_ONLY)
    assert refusal.value.code == "webhook_address_refused"


@pytest.mark.parametrize("address", PERMITTED)
def test_a_public_address_is_admitted_over_https_only(address: str) -> None:
    assert code(f"https://{literal(address)}/hook") is None
    assert code(f"http://{literal(address)}/hook") == "webhook_https_required"


def test_every_block_of_the_deny_list_has_a_case() -> None:
    judged_by = {next(block for block, _ in DENIED if ip_address(a) in block) for a, _ in REFUSED}
    assert judged_by == {block for block, _ in DENIED}


@given(st.ip_addresses())
def test_whatever_is_permitted_is_global(address: IPAddress) -> None:
    judged = plain(address)
    assert denied(judged) is not None or judged.is_global


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_by_the_ipv4_address_in_it(address: IPAddress) -> None:
    mapped = f"https://[::ffff:{address}]/"
    assert code(mapped) == code(f"https://{address}/")


def test_the_allow_list_admits_its_networks_also_over_http() -> None:
    for url in ("http://10.20.3.4:8080/hook", "https://10.20.3.4/hook", "http://[::ffff:10.20.3.4]/hook"):
        assert code(url, INTRANET) is None
    assert code("https://10.21.0.1/", INTRANET) == "webhook_address_refused"
    assert code("http://8.8.8.8/", INTRANET) == "webhook_https_required"
    assert code("https://8.8.8.8/", INTRANET) is None


def test_localhost_is_loopback_without_a_look_up() -> None:
    for host in ("localhost", "LOCALHOST", "dev.localhost"):
        assert code(f"https://{host}/") == "webhook_address_refused"
        assert code(f"http://{host}/", INTRANET) is None


def test_http_to_a_name_waits_for_its_addresses_only_where_something_is_allowed() -> None:
    assert code("http://hook.example.vn/") == "webhook_https_required"
    assert code("http://hook.example.vn/", INTRANET) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "webhook_url_malformed"),
        ("hook.example.vn/path", "webhook_url_malformed"),
        ("https:/hook.example.vn", "webhook_url_malformed"),
        ("https:hook.example.vn", "webhook_url_malformed"),
        ("https:///path", "webhook_url_malformed"),
        ("https://user@example.vn/", "webhook_url_malformed"),
        ("https://user:secret@example.vn/", "webhook_url_malformed"),
        ("https://127.0.0.1:80@example.vn/", "webhook_url_malformed"),
        ("https://example.vn#@127.0.0.1/", "webhook_url_malformed"),
        ("https://example.vn/#part", "webhook_url_malformed"),
        ("https://example.vn\\@127.0.0.1/", "webhook_url_malformed"),
        ("https://example.vn/a b", "webhook_url_malformed"),
        ("https://example.vn/\r\nX-Injected: 1", "webhook_url_malformed"),
        ("https://example.vn/\n", "webhook_url_malformed"),
        ("https://example.vn/\0", "webhook_url_malformed"),
        ("https://example.vn/%zz", "webhook_url_malformed"),
        ("https://đôn-đốc.vn/", "webhook_url_malformed"),
        ("https://①②⑦.0.0.1/", "webhook_url_malformed"),
        ("https://[fe80::1%eth0]/", "webhook_url_malformed"),
        ("https://[fe80::1%25eth0]/", "webhook_url_malformed"),
        ("https://example.vn:0/", "webhook_url_malformed"),
        ("https://example.vn:65536/", "webhook_url_malformed"),
        ("https://example.vn:/", "webhook_url_malformed"),
        ("https://example.vn:+80/", "webhook_url_malformed"),
        ("https://example.vn:80:80/", "webhook_url_malformed"),
        ("https://[::1/", "webhook_url_malformed"),
        ("ftp://example.vn/", "webhook_scheme_refused"),
        ("gopher://example.vn:70/_", "webhook_scheme_refused"),
        ("https://0x7f.1/", "webhook_host_invalid"),
        ("https://0x7f000001/", "webhook_host_invalid"),
        ("https://2130706433/", "webhook_host_invalid"),
        ("https://017700000001/", "webhook_host_invalid"),
        ("https://0177.0.0.1/", "webhook_host_invalid"),
        ("https://127.1/", "webhook_host_invalid"),
        ("https://127.0.0.1./", "webhook_host_invalid"),
        ("https://example.0x1/", "webhook_host_invalid"),
        ("https://[127.0.0.1]/", "webhook_host_invalid"),
        ("https://[1::2::3]/", "webhook_host_invalid"),
        ("https://localhost./", "webhook_host_invalid"),
        ("https://example.vn./", "webhook_host_invalid"),
        ("https://.example.vn/", "webhook_host_invalid"),
        ("https://exa..mple.vn/", "webhook_host_invalid"),
        ("https://-example.vn/", "webhook_host_invalid"),
        ("https://example%2evn/", "webhook_host_invalid"),
        ("https://exa_mple.vn/", "webhook_host_invalid"),
        (f"https://{'a' * 64}.vn/", "webhook_host_invalid"),
        (f"https://{'.'.join(['a' * 60] * 5)}/", "webhook_host_invalid"),
        ("https://example.vn/" + "a" * 2030, "webhook_url_too_long"),
        ("https://example.vn/" + "a" * 2029, None),
        ("HTTPS://EXAMPLE.VN:8443/a/%C4%91?x=[1]&y='2'", None),
        ("https://xn--n-cja.vn", None),
        ("https://example.vn?x=1", None),
        ("https://1.example2.v-1n", None),
        (f"https://{'a' * 63}.vn/", None),
        ("https://example.vn:1/", None),
        ("https://example.vn:65535/", None),
    ],
)
def test_urls_have_one_strict_form(url: str, expected: str | None) -> None:
    assert code(url) == expected


@pytest.mark.parametrize(
    ("url", "scheme", "authority", "path"),
    [
        ("HTTPS://Example.VN", "https", "example.vn", "/"),
        ("https://example.vn:443/a", "https", "example.vn", "/a"),
        ("http://example.vn:443?b=/../c?", "http", "example.vn:443", "/?b=/../c?"),
        ("https://[2606:4700:0::1111]:8443/a/../b", "https", "[2606:4700::1111]:8443", "/a/../b"),
    ],
)
def test_a_url_is_read_into_what_will_be_sent(url: str, scheme: str, authority: str, path: str) -> None:
    target = parse_url(url)
    assert (target.scheme, target.authority, target.path) == (scheme, authority, path)


@given(st.text(alphabet="htps:/.@[]#?%\\x01aA-~\t ễ", max_size=40).map("https://".__add__) | st.text())
@example("https://[::ffff:7f00:1]:1/")
def test_another_parser_sees_the_same_host_in_every_url_that_is_accepted(url: str) -> None:
    try:
        target = parse_url(url)
    except InvalidInput:
        return
    theirs = urlsplit(url)
    host = theirs.hostname or ""
    assert target.host == (str(IPv6Address(host)) if ":" in host else host)
    assert target.port == (theirs.port or {"http": 80, "https": 443}[theirs.scheme])


async def answer(*found: str) -> list[str]:
    return list(found)


async def test_every_address_of_a_name_must_be_admitted() -> None:
    target = parse_url("https://hook.example.vn/")
    await checked_addresses(target, PUBLIC_ONLY, lambda *_: answer("8.8.8.8", "2606:4700::1111"))
    for bad in ("10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "64:ff9b::a00:1"):
        for found in ((bad,), ("8.8.8.8", bad), (bad, "8.8.8.8")):
            with pytest.raises(HostUnknown):
                await checked_addresses(target, PUBLIC_ONLY, lambda *_, found=found: answer(*found))


async def test_a_name_of_the_inside_is_told_like_one_that_does_not_exist() -> None:
    async def failing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    cases = [("https://db.trong.example.vn/", "10.0.0.1"), ("http://db.trong.example.vn/", "10.0.0.1")]
    cases += [("https://postgres/", "10.0.0.1"), ("https://postgres/", "8.8.8.8")]
    for url, inside in cases:
        told = []
        for resolve in (lambda *_, inside=inside: answer(inside), failing):
            with pytest.raises(HostUnknown) as refusal:
                await checked_addresses(parse_url(url), INTRANET, resolve)
            told.append((refusal.value.code, refusal.value.vi, refusal.value.en))
        assert told[0] == told[1], url
    await checked_addresses(parse_url("https://postgres/"), INTRANET, lambda *_: answer("10.20.0.1"))


def test_a_host_of_one_label_waits_for_its_addresses_only_where_something_is_allowed() -> None:
    assert code("https://postgres/") == "webhook_host_single_label"
    assert code("https://postgres/", INTRANET) is None


async def test_plain_http_to_a_name_needs_every_address_on_the_allow_list() -> None:
    target = parse_url("http://hook.example.vn/")
    await checked_addresses(target, INTRANET, lambda *_: answer("10.20.0.1"))
    with pytest.raises(AddressRefused) as refusal:
        await checked_addresses(target, INTRANET, lambda *_: answer("10.20.0.1", "8.8.8.8"))
    assert refusal.value.code == "webhook_https_required"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://10.20.0.1:8443/", True),
        ("http://10.20.0.1:8443/", True),
        ("https://10.20.0.1/", False),
        ("https://10.20.0.1:8444/", False),
        ("https://10.21.0.1:8443/", False),
        ("https://[fd00::1]/", True),
        ("https://[fd00::1]:8443/", False),
    ],
)
def test_a_port_of_the_allow_list_opens_no_other(url: str, allowed: bool) -> None:
    policy = OutgoingPolicy(
        [AllowedNetwork.parse("10.20.0.0/16:8443"), AllowedNetwork.parse("[fd00::/8]:443")]
    )
    if allowed:
        check_url(url, policy)
    else:
        with pytest.raises(AddressRefused):
            check_url(url, policy)


async def test_addresses_keep_their_order_and_count_once() -> None:
    target = parse_url("https://hook.example.vn/")
    found = await checked_addresses(
        target, PUBLIC_ONLY, lambda *_: answer("::ffff:8.8.8.8", "1.1.1.1", "8.8.8.8")
    )
    assert [str(address) for address in found] == ["8.8.8.8", "1.1.1.1"]


async def test_a_zone_is_left_out_of_what_is_dialled() -> None:
    policy = OutgoingPolicy(allow=[AllowedNetwork.parse("fe80::/10")])
    found = await checked_addresses(parse_url("http://printer/"), policy, lambda *_: answer("fe80::1%lo"))
    assert [str(address) for address in found] == ["fe80::1"]


async def test_a_name_without_an_address_is_unknown() -> None:
    async def failing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    for resolve in (failing, lambda *_: answer()):
        with pytest.raises(HostUnknown):
            await checked_addresses(parse_url("https://hook.example.vn/"), PUBLIC_ONLY, resolve)


async def test_the_default_resolver_asks_the_system_and_not_for_literals() -> None:
    assert "127.0.0.1" in await resolve_host("localhost", 443)
    literal = parse_url("https://8.8.8.8/")
    await checked_addresses(literal, PUBLIC_ONLY, lambda *_: pytest.fail("asked for a literal"))


async def test_names_that_nobody_answers_for_keep_no_other_from_being_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many look-ups as calls can be given up on while the resolver still waits."""
    answered, ask = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *asked: Any, **more: Any) -> Any:
        if host.startswith("hangs"):
            answered.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return ask(host, *asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    hanging = [asyncio.create_task(resolve_host(f"hangs{number}.example", 443)) for number in range(171)]
    try:
        await asyncio.sleep(0)
        for each in hanging:
            each.cancel()  # the call is given up, its look-up goes on
        async with asyncio.timeout(20):  # only ever used up where it is broken
            assert "127.0.0.1" in await resolve_host("localhost", 443)
    finally:
        answered.set()
    await asyncio.gather(*hanging, return_exceptions=True)
