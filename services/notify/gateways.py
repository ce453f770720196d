"""Calls to subscribers, signed by Standard Webhooks 1.0, and the encryption of their secrets at rest."""

import base64
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks import Webhook

from shared.http.outgoing import Outcome, WebhookClient
from shared.keys.derivation import derive_keys
from shared.runtime.clock import SystemClock

SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64
SECRET_PREFIX = "whsec_"  # noqa: S105 - marks a secret, is none
NONCE_BYTES = 12  # as AES-GCM prefers (NIST SP 800-38D)
_REAL_TIME = SystemClock()  # the receiver's tolerance is measured by a real clock


def generate_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def encode_secret(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()


class SecretCipher:
    """Encrypts secrets with the id of their subscription as associated data: in another row they do not decrypt."""

    def __init__(self, suite_secrets: Sequence[bytes]) -> None:
        """Encrypts under the first of the secrets, decrypts under any of them."""
        keys = derive_keys(suite_secrets, b"dondoc notify webhook secrets v1")
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, secret: bytes, subscription_id: UUID) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret, subscription_id.bytes)

    def open(self, sealed: bytes, subscription_id: UUID) -> bytes:
        """Raises cryptography's InvalidTag for a secret of another row or under another key."""
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subscription_id.bytes)
        raise InvalidTag


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook's body and URL. `id` is the same for all attempts, so that a receiver can drop repetitions."""

    id: UUID
    body: str
    url: str
    subscription_id: UUID
    sealed_secret: bytes


class WebhookSender:
    def __init__(self, client: WebhookClient, cipher: SecretCipher) -> None:
        self._client = client
        self._cipher = cipher

    async def send(self, message: Message) -> Outcome:
        """POST a message once; errors of the transport and the receiver are in the outcome."""
        signer = Webhook(self._cipher.open(message.sealed_secret, message.subscription_id))
        at = _REAL_TIME.now()
        headers = {
            "content-type": "application/cloudevents+json",
            "user-agent": "dondoc-notify/1",
            "webhook-id": str(message.id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signer.sign(str(message.id), at, message.body),
        }
        return await self._client.post(message.url, body=message.body.encode(), headers=headers)
