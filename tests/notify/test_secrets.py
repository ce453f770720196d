"""Webhook secrets while the suite's secret key is rotated."""

from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from services.notify.gateways import SecretCipher, encode_secret
from services.notify.use_cases.subscriptions import reseal_secrets
from tests.notify.world import World
from tests.support.writing import writing

NEW, OTHER = b"n" * 32, b"x" * 32


async def sealed(world: World) -> dict[str, bytes]:
    rows = await world.rows("SELECT id, sealed_secret FROM subscriptions")
    return {row.id: bytes(row.sealed_secret) for row in rows}


async def test_secrets_open_under_both_keys_and_once_resealed_under_the_new_alone(world: World) -> None:
    shown = {
        made["id"]: made["secret"]
        for made in [
            await world.subscribe("https://one.example/"),
            await world.subscribe("https://two.example/"),
        ]
    }
    rotating, new = SecretCipher([NEW, *world.settings.secrets]), SecretCipher([NEW])

    async def opened(cipher: SecretCipher) -> dict[str, str]:
        return {
            str(id_): encode_secret(cipher.open(secret, id_))  # type: ignore[arg-type]  # a UUID
            for id_, secret in (await sealed(world)).items()
        }

    assert await opened(rotating) == shown
    with pytest.raises(InvalidTag):
        await opened(new)
    for _ in range(2):
        async with writing(world.database) as session:
            assert await reseal_secrets(session, rotating) == 2
        assert await opened(new) == shown


async def test_nothing_is_resealed_where_one_secret_does_not_open(world: World) -> None:
    await world.subscribe("https://one.example/")
    before = await sealed(world)
    with pytest.raises(InvalidTag):
        async with writing(world.database) as session:
            await reseal_secrets(session, SecretCipher([NEW, OTHER]))
    assert await sealed(world) == before


def test_a_new_secret_is_sealed_under_the_new_key_and_for_its_row_alone() -> None:
    rotating, row = SecretCipher([NEW, OTHER]), uuid4()
    secret = rotating.seal(b"s" * 32, row)
    assert SecretCipher([NEW]).open(secret, row) == b"s" * 32
    for cipher, where in ((SecretCipher([OTHER]), row), (rotating, uuid4())):
        with pytest.raises(InvalidTag):
            cipher.open(secret, where)
