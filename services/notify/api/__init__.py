"""Routes of the notify service."""

from services.notify.api import alerts, deliveries, subscriptions

ROUTERS = (subscriptions.router, alerts.router, deliveries.router)
