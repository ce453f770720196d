"""Routes of the notify service."""

from services.notify.api import alerts, deliveries, reminders, subscriptions

ROUTERS = (subscriptions.router, alerts.router, reminders.router, deliveries.router)
