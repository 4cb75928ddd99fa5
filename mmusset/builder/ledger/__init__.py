"""The ledger: the SQLite file that knows the fate of every item and holds every reply.

It is why a build can be killed at any moment and go on as if nothing had happened. What is
decided is a row of it, on the disk before anything uses it; every row has a checksum, and a ledger
that is damaged, lost, or older than its shards is never built on.

Doors:
    file      opens a ledger to write, read, report or mark; knows its folder and lock
    ledger    `Ledger`, with a part for each subject, each taking and giving typed values:
              job, plan, left_out, media, matching, calls, verdicts, shards, marks,
              removals, segments
    write_ahead   when what a transaction wrote is on the disk
    segment   one block's rows, taken out of a ledger and into another
    copy      keeps a copy of it while a build goes on
    check, rows, schema   for recovery: what makes a ledger whole, its checksums, its tables

To add a table or a column, write it in `schema`; to read or write it, in the part of its subject.
"""
