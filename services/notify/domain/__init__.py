"""Values and rules of reminders, alerts and deliveries: no database, no clock, no network."""
