"""Allowed targets of outgoing calls: URLs of one strict form, https only, public addresses only.

A URL is read once, here; the connection uses that result, so no second parser can find another host in it.
A name is resolved once for each call; if any of its addresses is refused, all are. One that leads inside is told like one that
does not exist, so that nobody learns names of the inside by asking for them. The operator's allow-list names the
networks (an intranet, a test machine), or one port of them, that may be called all the same, and also over plain http.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from shared.errors import InvalidInput
from shared.runtime.networks import AllowedNetwork

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port -> addresses in the order to try them; raises OSError when there is no answer."""

MAX_URL_LENGTH = 2048

# The first block that holds an address gives the reason, so narrow blocks precede wide ones. Sources: the IANA
# special-purpose registries (RFC 6890 as updated) and what `is_global` of Python 3.11 lets through.
DENIED: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ip_network(block), why)
    for block, why in (
        ("0.0.0.0/8", "this network, RFC 791"),
        ("10.0.0.0/8", "private, RFC 1918"),
        ("100.64.0.0/10", "carrier-grade NAT, RFC 6598"),
        ("127.0.0.0/8", "loopback, RFC 1122"),
        ("168.63.129.16/32", "host agent of a cloud, not public although it looks so"),
        ("169.254.0.0/16", "link-local and cloud metadata, RFC 3927"),
        ("172.16.0.0/12", "private, RFC 1918"),
        ("192.0.0.0/24", "protocol assignments, RFC 6890"),
        ("192.0.2.0/24", "documentation, RFC 5737"),
        ("192.88.99.0/24", "6to4 relays, RFC 7526"),
        ("192.168.0.0/16", "private, RFC 1918"),
        ("198.18.0.0/15", "benchmarks, RFC 2544"),
        ("198.51.100.0/24", "documentation, RFC 5737"),
        ("203.0.113.0/24", "documentation, RFC 5737"),
        ("224.0.0.0/4", "multicast, RFC 5771"),
        ("255.255.255.255/32", "broadcast, RFC 919"),
        ("240.0.0.0/4", "reserved, RFC 1112"),
        ("::/128", "unspecified, RFC 4291"),
        ("::1/128", "loopback, RFC 4291"),
        ("::/96", "IPv4-compatible, RFC 4291"),
        ("64:ff9b::/96", "NAT64, RFC 6052"),
        ("64:ff9b:1::/48", "local NAT64, RFC 8215"),
        ("100::/64", "discard-only, RFC 6666"),
        ("2001::/32", "Teredo, RFC 4380"),
        ("2001::/23", "protocol assignments, RFC 2928"),
        ("2001:db8::/32", "documentation, RFC 3849"),
        ("2002::/16", "6to4, RFC 3056"),
        ("3ffe::/16", "the former 6bone, RFC 3701"),
        ("3fff::/20", "documentation, RFC 9637"),
        ("5f00::/16", "segment routing, RFC 9602"),
        ("fc00::/7", "unique local, RFC 4193"),
        ("fe80::/10", "link-local, RFC 4291"),
        ("fec0::/10", "site-local, RFC 3879"),
        ("ff00::/8", "multicast, RFC 4291"),
        ("::/3", "outside 2000::/3, the only global unicast, RFC 4291"),
        ("4000::/2", "outside 2000::/3, the only global unicast, RFC 4291"),
        ("8000::/1", "outside 2000::/3, the only global unicast, RFC 4291"),
    )
)

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?]+)(?P<path>(?:/[^?]*)?)(?P<query>(?:\?.*)?)"
)
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")  # RFC 3986 without "#"
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, 2.1
_NUMBER = re.compile(
    r"[0-9]+|0x[0-9a-f]*"
)  # a last label that some resolvers take for part of an IPv4 address

# Threads of its own: a name server that does not answer holds a look-up for 40 s (glibc: two servers, two tries, two names)
# although its call is given up after 15 s. So they are more than all calls together can hold: 64 x 40 / 15. They are
# started only when they are needed.
_DNS_THREADS = ThreadPoolExecutor(max_workers=192, thread_name_prefix="dns")


class AddressRefused(InvalidInput):
    """The URL resolves to an address that the policy does not admit."""


class HostUnknown(InvalidInput):
    """The name has no address that may be told of: none at all, a refused one, or no name server answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, read."""

    scheme: str
    host: str  # lower case, an IPv6 address without its brackets
    port: int
    path: str  # with the query, as it will be sent

    @property
    def authority(self) -> str:
        """Host header: with the port only where it is not the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"

    @property
    def is_single_label(self) -> bool:
        """True for a name that only resolvers of the inside complete: postgres."""
        return self.address is None and "." not in self.host

    @property
    def address(self) -> IPAddress | None:
        """The address if the host is a literal or localhost, without a look-up."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return IPv4Address("127.0.0.1")  # RFC 6761, 6.3
        return _literal(self.host)


@dataclass(frozen=True, slots=True)
class OutgoingPolicy:
    """Which addresses may be called: public ones over https, those of `allow` over http too."""

    allow: Sequence[AllowedNetwork] = ()

    def check(self, target: Target, address: IPAddress) -> None:
        """Raises AddressRefused unless `target` may be called at `address`."""
        if self.admits(target, address):
            return
        if target.scheme == "http":
            raise _https_required()
        if why := denied(address):
            raise AddressRefused(
                "webhook_address_refused",
                f"Địa chỉ của {target.host} không thuộc mạng công khai ({why}). Hãy dùng địa chỉ công khai, hoặc đề nghị "
                f"người quản trị hệ thống bổ sung mạng này, với cổng {target.port}, vào danh sách được phép.",
                f"The address of {target.host} is not public ({why}). Use a public address, or ask the operator to add "
                f"its network, with port {target.port}, to the allow-list.",
                field="url",
            )

    def admits(self, target: Target, address: IPAddress) -> bool:
        """True if the operator's allow-list names the address and the port."""
        return any(allowed.admits(address, target.port) for allowed in self.allow)


def denied(address: IPAddress) -> str | None:
    """The reason why the address is not public, with its source; None when it is public."""
    return next((why for block, why in DENIED if address in block), None)


@lru_cache(maxsize=10_000)  # a subscription's address is called again and again
def parse_url(url: str) -> Target:
    """Read an http or https URL of the one strict form accepted here; InvalidInput names what is wrong."""
    if len(url) > MAX_URL_LENGTH:
        raise InvalidInput(
            "webhook_url_too_long",
            f"Địa chỉ nhận thông báo dài quá {MAX_URL_LENGTH} ký tự. Hãy dùng địa chỉ ngắn hơn.",
            f"The URL is longer than {MAX_URL_LENGTH} characters. Use a shorter one.",
            field="url",
        )
    parts = _URL.fullmatch(url) if _CHARACTERS.fullmatch(url) else None
    if parts is None:
        raise _malformed()
    scheme = parts["scheme"].lower()
    if scheme not in {"http", "https"}:
        raise InvalidInput(
            "webhook_scheme_refused",
            f"Không gọi được giao thức {scheme}. Hãy dùng địa chỉ https.",
            f"The scheme {scheme} cannot be called. Use an https URL.",
            field="url",
        )
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise _malformed()
    port = int(authority["port"] or _default_port(scheme))
    if not 0 < port <= 65_535:  # noqa: PLR2004  (16 bits)
        raise _malformed()
    return Target(scheme, _host(authority["host"].lower()), port, (parts["path"] or "/") + parts["query"])


def check_url(url: str, policy: OutgoingPolicy) -> None:
    """Raises InvalidInput unless the URL is well formed and nothing in it is refused; no DNS look-up."""
    target = parse_url(url)
    if target.scheme == "http" and not policy.allow:
        raise _https_required()
    if target.is_single_label and not policy.allow:
        raise _single_label(target.host)
    if target.address is not None:
        policy.check(target, plain(target.address))


async def resolve_host(host: str, port: int) -> list[str]:
    """Addresses of a name as the system's resolver gives them; OSError when there are none."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_DNS_THREADS, look_up)
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def checked_addresses(target: Target, policy: OutgoingPolicy, resolve: Resolver) -> list[IPAddress]:
    """The addresses to dial, in order, after one look-up.

    Raises AddressRefused if one is refused; HostUnknown if there is none, or a name has one that is not public.
    """
    if (address := target.address) is not None:
        found = [address]
    else:
        try:
            found = [ip_address(answer) for answer in await resolve(target.host, target.port)]
        except OSError:
            raise _unknown(target.host) from None
    if not found:
        raise _unknown(target.host)
    addresses = list(dict.fromkeys(plain(address) for address in found))
    for address in addresses:
        if target.address is None and _is_inside(target, address) and not policy.admits(target, address):
            raise _unknown(target.host)
        policy.check(target, address)
    return addresses


def _is_inside(target: Target, address: IPAddress) -> bool:
    return target.is_single_label or denied(address) is not None


def plain(address: IPAddress) -> IPAddress:
    """The address that will answer: IPv4 out of ::ffff:0:0/96 (RFC 4291, 2.5.5.2), IPv6 without its zone."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


@lru_cache(maxsize=10_000)
def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(host: str) -> str:
    if host.startswith("["):
        address = _literal(host[1:-1])
        if isinstance(address, IPv6Address):
            return str(address)
    elif isinstance(_literal(host), IPv4Address):
        return host
    else:
        labels = host.split(".")
        if (
            len(host) <= 253  # noqa: PLR2004  (RFC 1035, 2.3.4)
            and all(_LABEL.fullmatch(label) for label in labels)
            and not _NUMBER.fullmatch(labels[-1])
        ):
            return host
    raise InvalidInput(
        "webhook_host_invalid",
        "Tên máy chủ không hợp lệ. Hãy ghi tên miền (tên có dấu ghi ở dạng xn--), địa chỉ IPv4 bốn số thập phân, hoặc địa "
        "chỉ IPv6 trong ngoặc vuông, không có dấu chấm ở cuối.",
        "The host is not valid. Write a domain name (international names as xn--), an IPv4 address of four decimal "
        "numbers, or an IPv6 address in brackets, without a final dot.",
        field="url",
    )


def _malformed() -> InvalidInput:
    return InvalidInput(
        "webhook_url_malformed",
        "Địa chỉ nhận thông báo không đúng dạng https://máy-chủ[:cổng]/đường-dẫn. Hãy bỏ tên đăng nhập, phần sau dấu #, "
        "khoảng trắng và mã hóa các ký tự có dấu.",
        "The URL is not of the form https://host[:port]/path. Leave out user names, a fragment and spaces, and "
        "percent-encode other characters.",
        field="url",
    )


def _https_required() -> AddressRefused:
    return AddressRefused(
        "webhook_https_required",
        "Địa chỉ nhận thông báo phải dùng https; http chỉ dùng được với mạng mà người quản trị hệ thống cho phép.",
        "The URL must use https; plain http is only for networks that the operator allows.",
        field="url",
    )


def _single_label(host: str) -> InvalidInput:
    return InvalidInput(
        "webhook_host_single_label",
        f"“{host}” không phải là tên miền đầy đủ. Hãy ghi tên miền đầy đủ của máy chủ, ví dụ {host}.example.vn; máy trong "
        "mạng nội bộ thì đề nghị người quản trị hệ thống cho phép mạng đó.",
        f"“{host}” is not a fully qualified domain name. Write the full name of the host, for example {host}.example.vn; "
        "for a host of the intranet ask the operator to allow its network.",
        field="url",
    )


def _unknown(host: str) -> HostUnknown:
    return HostUnknown(
        "webhook_host_unknown",
        f"Không tìm thấy địa chỉ công khai của {host}. Hãy kiểm tra tên miền rồi thử lại.",
        f"No public address was found for {host}. Check the name and try again.",
        field="url",
    )
