"""Whatever is sent to any route is answered: never by an unexpected failure."""

import os
from http import HTTPStatus
from typing import Any

import pytest

from services.datasets import tables as datasets
from services.finance import tables as finance
from services.notify import tables as notify
from services.register import SERVICES
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.clock import ManualClock
from tests.conftest import MakeDatabase
from tests.support.fuzzing import Fuzzer
from tests.support.operations import admin_client, headers_for, operations
from tests.support.writing import writing

REQUESTS = int(os.environ.get("DONDOC_FUZZ_REQUESTS", "150"))  # by hand: thousands
SEED = int(os.environ.get("DONDOC_FUZZ_SEED", "57"))
COPIES = {"datasets": datasets.Agency, "finance": finance.Agency, "notify": notify.Agency}
AGENCIES = (("G12", "Bộ Tài chính"), ("G06", "Bộ Khoa học và Công nghệ"), ("01", "Thành phố Hà Nội"))
FIRST = (
    *(("/tasks/v1/agencies", {"code": code, "name": name, "bloc": "government", "level": "central"}) for code, name in AGENCIES),
    ("/tasks/v1/programmes", {"code": "NQ57", "title": "Chương trình"}),
    ("/tasks/v1/documents", {"code": "71/NQ-CP", "type": "Nghị quyết", "issued_on": "2025-04-01", "title": "Văn bản"}),
)  # fmt: skip


def json_type(request: dict[str, Any]) -> dict[str, str]:
    return {"Content-Type": "application/json"} if "content" in request else {}


@pytest.mark.parametrize("service", SERVICES)
async def test_no_request_meets_an_unexpected_failure(
    service: str, make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(service)
    fuzzer = Fuzzer(SEED)
    async with admin_client(service, database, clock) as (app, http):
        if service in COPIES:
            async with writing(database) as session:
                for code, name in AGENCIES:
                    told = AgencyRecorded(
                        code=code, name=name, bloc="government", level="central", parent_code=None
                    )
                    await record_agency(session, COPIES[service], told, version=1)
        for path, body in FIRST if service == "tasks" else ():
            assert (await http.post(path, json=body)).status_code == HTTPStatus.CREATED
        every = operations(app)
        reached: dict[str, set[int]] = {str(operation): set() for operation in every}
        for n in range(REQUESTS):
            operation = every[n % len(every)]
            request = fuzzer.request(operation)
            answer = await http.request(**request, headers=headers_for(operation) | json_type(request))
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (request, answer.text)
            reached[str(operation)].add(answer.status_code)
            if answer.is_success and answer.content:
                fuzzer.learn(answer.json())
    if os.environ.get("DONDOC_FUZZ_REQUESTS"):
        print(reached)  # noqa: T201 - asked for by hand
