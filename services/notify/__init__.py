"""Owns subscriptions, timers, alerts and deliveries.

Invariant: each milestone of a deadline raises at most one alert, and each alert has one delivery per matching
subscription, with every attempt kept.
"""
