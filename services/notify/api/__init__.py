"""Routes of the notify service."""

from services.notify.api import alerts, changes, deliveries, reminders, subscriptions

ROUTERS = (subscriptions.router, alerts.router, reminders.router, deliveries.router, changes.router)
