"""Owns subscriptions, reminders, alerts and deliveries.

Invariant: each reminder raises at most one alert, and each alert has one delivery per matching subscription, with
every attempt kept until its retention is over.
"""
