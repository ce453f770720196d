"""What every service's application keeps, whatever its routes do."""

from typing import Annotated, Any

import pytest
from fastapi import Depends

from shared.http.routes import CurrentChange, ReadConnection, service_router
from tests.support.toy import Toy


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ('"3"', 200, None),
        (' "3" ', 200, None),
        ('"2"', 412, "version_stale"),
        (None, 428, "if_match_required"),
        ("3", 422, "if_match_invalid"),
        ("*", 200, None),
        ('"3.0123456789abcdef"', 200, None),  # as a read gave it
        ('"2", "3"', 200, None),
        (',"2" ,, "3",', 200, None),
        ('"2", "4"', 412, "version_stale"),
        ('W/"3"', 412, "version_stale"),  # weak tags equal nothing here
        ('W/"3", "3"', 200, None),
        ('"x"', 412, "version_stale"),
        ('""', 412, "version_stale"),
        ('"3.x"', 412, "version_stale"),
        ('"٣"', 412, "version_stale"),
        ('"9999999999"', 412, "version_stale"),
        ("", 422, "if_match_invalid"),
        (",", 422, "if_match_invalid"),
        ('"3', 422, "if_match_invalid"),
        ('"2" "3"', 422, "if_match_invalid"),
        ('*, "3"', 422, "if_match_invalid"),
        ('w/"3"', 422, "if_match_invalid"),
    ],
)
async def test_a_change_names_the_version_it_read(
    toy: Toy, given: str | None, status: int, code: str | None
) -> None:
    headers = [(k.encode(), v.encode()) for k, v in toy.headers.items()]
    if given is not None:
        headers.append((b"if-match", given.encode()))
    response = await toy.http.patch("/toy/v1/things/1", headers=headers)
    assert response.status_code == status
    assert response.json().get("code") == code


async def test_a_change_answers_where_it_is_and_its_version(toy: Toy) -> None:
    response = await toy.send("POST", "/toy/v1/things", json={"name": "một"})
    assert response.headers["location"] == f"/toy/v1/things/{response.json()['id']}"
    assert response.headers["etag"] == '"1"'


async def test_a_refused_change_leaves_nothing(toy: Toy) -> None:
    assert (await toy.send("POST", "/toy/v1/things", json={"name": "x", "note": "refuse"})).status_code == 409
    assert await toy.things() == 0


async def test_text_is_kept_in_one_unicode_form_without_blanks_around(toy: Toy) -> None:
    decomposed = "  Hà Nội\n"
    response = await toy.send("POST", "/toy/v1/things", json={"name": decomposed})
    assert response.json()["name"] == "Hà Nội"


async def test_every_operation_documents_its_refusals(toy: Toy) -> None:
    document: dict[str, Any] = (await toy.http.get("/toy/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/toy/v1/"):
                assert {"401", "403", "422", "503"} <= set(operation["responses"]), (method, path)
                assert operation["security"], (method, path)


async def test_a_post_that_changes_nothing_opens_no_transaction(toy: Toy) -> None:
    answer = await toy.send("POST", "/toy/v1/readings", json={"name": "một"})
    assert answer.json() == {"name": "một", "stable": True}


async def test_a_change_that_asks_for_a_second_connection_is_refused_at_start_up() -> None:
    router = service_router("toy")

    async def deeper(connection: ReadConnection) -> None: ...

    with pytest.raises(TypeError, match=r"/toy/v1/seconds: .* read_connection opens another"):

        @router.post("/seconds")
        async def change(_: CurrentChange, __: Annotated[None, Depends(deeper)]) -> None: ...


async def test_a_get_that_changes_is_refused_at_start_up() -> None:
    router = service_router("toy")
    with pytest.raises(TypeError, match="a GET changes nothing"):

        @router.get("/changes")
        async def change(_: CurrentChange) -> None: ...


async def test_a_dependency_that_would_run_in_a_thread_is_refused_at_start_up() -> None:
    router = service_router("toy")

    def blocking() -> None: ...

    with pytest.raises(TypeError, match=r"/toy/v1/things: .*blocking.* must be `async def`"):

        @router.get("/things")
        async def read(_: Annotated[None, Depends(blocking)]) -> None: ...
