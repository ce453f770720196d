"""API keys that carry their claims, so that verifying one needs no database.

A key reads `ddk_<prefix>_<claims>_<mac>`:
    prefix  12 hexadecimal digits, public: audit entries, the list of keys and revocations name a key by it;
    claims  base64url (RFC 4648, unpadded) of a JSON object: name, role, and where set tenant, defence_security (true)
            and exp (Unix seconds);
    mac     base64url of HMAC-SHA256 over everything before its underscore, as ASCII, under a key derived from the
            suite's secret for this purpose alone.
The MAC covers the text, not what it decodes to, and is compared as text: no two texts are the same key.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.keys.derivation import derive_keys

SCHEME = "ddk"  # marks our keys for secret scanners
PREFIX_BYTES = 6
MAX_NAME_LENGTH = 100  # characters
MAX_TOKEN_LENGTH = 1000  # characters; a name of 100 three-byte letters gives about 550
_PURPOSE = b"dondoc api keys v1"
PREFIX = re.compile(r"[0-9a-f]{12}")
_FORM = re.compile(r"(ddk_([0-9a-f]{12})_([A-Za-z0-9_-]+))_([A-Za-z0-9_-]{43})")
_CLAIMS = frozenset({"name", "role", "tenant", "defence_security", "exp"})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The claims of a key: `tenant` is the one it is bound to, `expires_at` the first instant it is not valid at.

    `defence_security`: it may see and move money of defence and security.
    """

    prefix: str
    name: str
    role: str
    tenant: str | None = None
    expires_at: datetime | None = None
    defence_security: bool = False

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def draw_key(
    name: str,
    role: str,
    *,
    tenant: str | None = None,
    expires_at: datetime | None = None,
    defence_security: bool = False,
) -> ApiKey:
    """A key with a new prefix; it expires on whole seconds."""
    whole = expires_at and expires_at.replace(microsecond=0)
    return ApiKey(secrets.token_hex(PREFIX_BYTES), name, role, tenant, whole, defence_security)


class KeySigner:
    """Writes keys under the first of the suite's secrets and reads those of all of them."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._keys = derive_keys(secret_keys, _PURPOSE)

    def sign(self, key: ApiKey) -> str:
        """The token of a key. Raises ValueError when its claims are too long."""
        claims: dict[str, Any] = {"name": key.name, "role": key.role}
        if key.tenant is not None:
            claims["tenant"] = key.tenant
        if key.defence_security:
            claims["defence_security"] = True
        if key.expires_at is not None:
            claims["exp"] = int(key.expires_at.timestamp())
        text = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
        signed = f"{SCHEME}_{key.prefix}_{_encode(text.encode())}"
        token = f"{signed}_{self.mac(signed)}"
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError(f"the key would be longer than {MAX_TOKEN_LENGTH} characters")
        return token

    def mac(self, signed: str) -> str:
        """The MAC under the secret in force."""
        return _mac(self._keys[0], signed)

    def read(self, token: str) -> ApiKey | None:
        """The key behind a token; None unless one of the secrets signed exactly this text."""
        form = _FORM.fullmatch(token) if len(token) <= MAX_TOKEN_LENGTH else None
        if form is None:
            return None
        signed, prefix, claims, mac = form.groups()
        # each is compared, so that the time does not reveal which secret signed it
        if not any([hmac.compare_digest(mac, _mac(key, signed)) for key in self._keys]):  # noqa: C419
            return None
        return _parse(prefix, json.loads(_decode(claims)))


def _parse(prefix: str, claims: dict[str, Any]) -> ApiKey | None:
    """None for a claim of a later version, unknown to this one: it may restrict the key."""
    if not claims.keys() <= _CLAIMS:
        return None
    exp = claims.get("exp")
    expires_at = None if exp is None else datetime.fromtimestamp(exp, UTC)
    return ApiKey(
        prefix,
        claims["name"],
        claims["role"],
        claims.get("tenant"),
        expires_at,
        claims.get("defence_security", False),
    )


def _mac(key: bytes, signed: str) -> str:
    return _encode(hmac.digest(key, signed.encode("ascii"), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
