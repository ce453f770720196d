"""The operator's allow-list: networks that outgoing calls may reach although they are private."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Self

_FORMS = re.compile(
    r"(?P<network>[0-9.]+/[0-9]+)(?::(?P<port>[0-9]{1,5}))?"
    r"|(?P<network6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*/[0-9]+)"
    r"|\[(?P<network6_of_port>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*/[0-9]+)\]:(?P<port6>[0-9]{1,5})"
)
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """A network that may be called, on one port or (None) on every port."""

    network: IPv4Network | IPv6Network
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a CIDR with or without a port: 10.0.0.0/8, 10.0.0.0/8:8443, fd00::/8, [fd00::/8]:8443.

        Raises:
            ValueError: it has none of these forms, or bits beyond the prefix length.
        """
        found = _FORMS.fullmatch(text)
        if found is None:
            raise ValueError(f"“{text}”: write a CIDR, with a port 10.0.0.0/8:8443 or [fd00::/8]:8443")
        port = found["port"] or found["port6"]
        if port is not None and int(port) not in _PORTS:
            raise ValueError(f"“{text}”: a port is a number from 1 to 65535")
        network = ip_network(found["network"] or found["network6"] or found["network6_of_port"])
        return cls(network, None if port is None else int(port))

    def __str__(self) -> str:
        if self.port is None:
            return str(self.network)
        return f"{self.network}:{self.port}" if self.network.version == 4 else f"[{self.network}]:{self.port}"  # noqa: PLR2004

    def admits(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        return address in self.network and self.port in {None, port}
