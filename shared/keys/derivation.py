"""Keys derived from the suite's secret key, one for each purpose; while it is rotated, from the previous one too."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DERIVED_BYTES = 32


def derive_keys(secrets: Sequence[bytes], purpose: bytes) -> tuple[bytes, ...]:
    """One key per secret, in their order (the one in force first), by HKDF-SHA256 (RFC 5869) with `purpose` as info."""
    return tuple(HKDF(SHA256(), DERIVED_BYTES, salt=None, info=purpose).derive(secret) for secret in secrets)
