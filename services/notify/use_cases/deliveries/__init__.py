"""Deliveries: leased for a call, updated by its result, cancelled, or retried on request.

Locks, in the order in which every transaction takes them:

1. the copies of subjects (see `use_cases.reminders`), then of subscriptions, in order of id within a statement;
2. one advisory lock of the whole table (`locks.lock_deliveries`): exclusive to cancel, shared to record attempt
   results; held to the end of the transaction;
3. rows of deliveries, in order of id.

The advisory lock is there because a transaction may cancel more than once: a batch of events ends its subjects one after
the other, so that the rows that it locks are in no order. Two such batches, or a batch and the recording of results,
would deadlock over rows alone. Recorders lock in order of id, hence share it.

Taking the exclusive lock after the shared one would deadlock as well: who may have to cancel takes the exclusive one first.

Raising alerts holds rows of subjects and never waits for the advisory lock, since its holder may be waiting for
those rows. Superseded alerts are cancelled afterwards, by a transaction that holds nothing else.

Leasing, ending expired leases and giving leases back are single statements, each in a transaction of its own. The first two
skip locked rows; the last touches only its caller's own leases. A retry on request locks one row.
"""
