"""The notify service over HTTP."""

from fastapi import FastAPI

from services.notify.api import ROUTERS, webhooks
from services.notify.gateways import SecretCipher
from services.notify.settings import NotifySettings
from services.notify.use_cases.subscriptions import SubscriptionRules
from shared.http.app import Context, Lifespan, create_app
from shared.http.outgoing import OutgoingPolicy
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health

TAGS = {
    "subscriptions": "Nơi nhận cảnh báo. / Where alerts are sent.",
    "alerts": "Cảnh báo đã phát. / Alerts that were raised.",
    "reminders": "Các điều nhắc, đã qua và sắp tới. / Reminders, past and to come.",
    "deliveries": "Từng lần gửi và kết quả. / What went out, and how every attempt went.",
    "changes": "Dòng cảnh báo cho hệ thống khác. / The feed of alerts for other systems.",
}


def build_app(
    settings: NotifySettings,
    database: Database,
    clock: Clock,
    *,
    health: Health,
    lifespan: Lifespan | None = None,
    operations: bool = True,
) -> FastAPI:
    """The application; `operations` adds health and metrics where the process does not have them already."""
    app = create_app(
        Context("notify", database, clock, settings.secret, settings.public_url),
        title="Đôn đốc: cảnh báo (notify)",
        routers=ROUTERS,
        health=health,
        lifespan=lifespan,
        operations=operations,
        tags=TAGS,
    )
    app.webhooks.include_router(webhooks.router)
    app.state.subscription_rules = SubscriptionRules(
        OutgoingPolicy(settings.allow_outgoing),
        SecretCipher(settings.secret),
        settings.subscriptions_per_agency,
    )
    return app
