"""The notify service: its API and its loops."""

from collections.abc import Mapping

from services.notify.api import ROUTERS, webhooks
from services.notify.consumers import SOURCES, handlers
from services.notify.gateways import SecretCipher
from services.notify.settings import NotifySettings
from services.notify.use_cases.subscriptions import SubscriptionRules
from services.notify.worker import work
from services.notify.worker.retention import retention
from services.roles import ROLES
from shared.http.outgoing import OutgoingPolicy
from shared.log.inbox import Handler
from shared.runtime.clock import Clock
from shared.service import Service


def _rules(settings: NotifySettings) -> SubscriptionRules:
    policy = OutgoingPolicy(settings.allow_outgoing)
    return SubscriptionRules(policy, SecretCipher(settings.secrets), settings.subscriptions_per_agency)


def _handlers(settings: NotifySettings, _: Clock) -> Mapping[str, Mapping[str, Handler]]:
    return handlers(settings.context)


SERVICE = Service(
    name="notify",
    settings=NotifySettings,
    title="Đôn đốc: cảnh báo (notify)",
    roles=ROLES,
    tags={
        "subscriptions": "Nơi nhận cảnh báo. / Endpoints that receive alerts.",
        "alerts": "Cảnh báo đã phát. / Alerts that were raised.",
        "reminders": "Các điều nhắc, đã qua và sắp tới. / Reminders, past and to come.",
        "deliveries": "Từng lần gửi và kết quả. / Deliveries, each with its attempts.",
        "changes": "Dòng cảnh báo cho hệ thống khác. / The feed of alerts for other systems.",
    },
    routers=ROUTERS,
    webhooks=webhooks.router,
    rules=_rules,
    work=work,
    consumes=SOURCES,
    handlers=_handlers,
    retention=retention,
)
