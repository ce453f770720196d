"""Rows of the notify service: copies of subjects and agencies, reminders, alerts, subscriptions, deliveries.

Instants are of the suite's clock, save `lease_until`, which belongs to the network and is the database's own time.
"""

from services.notify.tables import subjects
from services.notify.tables.agencies import Agency
from services.notify.tables.alerts import Alert
from services.notify.tables.base import Base, SubjectCopy
from services.notify.tables.deliveries import Attempt, Delivery
from services.notify.tables.reminders import Reminder
from services.notify.tables.subscriptions import Subscription

__all__ = [
    "Agency",
    "Alert",
    "Attempt",
    "Base",
    "Delivery",
    "Reminder",
    "SubjectCopy",
    "Subscription",
    "subjects",
]
