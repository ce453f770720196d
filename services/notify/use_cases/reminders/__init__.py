"""Reminders: planned or caused by an event, raised as alerts when due, or ended with a reason.

The engine is independent of subjects: `subject.Subject` is the interface of one, `use_cases.subjects` lists them.

Locks. A subject's reminders are read to be changed, and changed, only under the row lock of the subject's copy
(FOR NO KEY UPDATE):

- An event takes it by writing the copy (`copies.record_copy`), waiting for its holder, and keeps it until the batch
  of events commits. A batch may hold many copies, in the order of its events. Where the copy is newer than the event
  already, it is locked all the same.
- Raising takes the copies of due reminders with SKIP LOCKED, so it never waits for an event, and reads their due
  reminders after: none is raised twice, none is raised that has just ended, and those of one series are never
  split between two workers. Skipped ones stay due for the next round.

Both may add reminders; the unique key decides between two plans of the same one.

Deliveries are locked last, and only by events: raising ends no delivery. What a newer alert supersedes is cancelled by
a transaction that holds no copy (`outdated.cancel_superseded`).
"""
