"""The webhooks of the OpenAPI document: the requests that subscribers receive. Nothing is served here."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, status

from services.notify.use_cases.subjects import SUBJECTS
from shared.events.envelope import EventData
from shared.events.notify import SubscriptionTested
from shared.events.schemas import event_model
from shared.http.openapi import operation_id

MEDIA_TYPE = "application/cloudevents+json"
ANSWERS: dict[int | str, dict[str, Any]] = {
    "2XX": {"description": "received; nothing more is sent"},
    410: {"description": "no longer wanted: the subscription is disabled"},
    "default": {"description": "sent again later, up to ten times over three days; Retry-After is honoured"},
}
router = APIRouter(generate_unique_id_function=operation_id)


def _describe(name: str, contract: type[EventData], description: str) -> None:
    """Add a webhook. `description` has the form of a route's summary: “Vietnamese. / English.” in one line."""
    event = event_model(contract)

    async def receive(
        body: Annotated[event, Body(media_type=MEDIA_TYPE)],  # type: ignore[valid-type]  # made from its contract
        webhook_id: Annotated[
            str, Header(description="the same at every attempt: drop a message that was received before")
        ],
        webhook_timestamp: Annotated[str, Header(description="Unix time of this attempt, in seconds")],
        webhook_signature: Annotated[
            str,
            Header(
                description="Standard Webhooks 1.0: `v1,` and base64 of HMAC-SHA256 over id.timestamp.body"
            ),
        ],
    ) -> None: ...

    router.add_api_route(
        name,
        receive,
        methods=["POST"],
        status_code=status.HTTP_204_NO_CONTENT,
        description=description,
        responses=ANSWERS,
        tags=["webhooks"],
        operation_id=contract.event_type,
    )


for _subject in SUBJECTS.values():
    _describe(_subject.webhook, _subject.alert, _subject.webhook_description)
_describe(
    "trial",
    SubscriptionTested,
    "Tin thử, yêu cầu tại /notify/v1/subscriptions/{id}/test. / A trial message, asked for at /notify/v1/subscriptions/{id}/test.",
)
