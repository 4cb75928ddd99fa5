"""The build: a source in, shards out, even if it is killed and run again.

A source's entries are surveyed and paired into an inventory, the inventory is frozen into a plan,
each planned item is cut and measured, the agents decide it, and each block of decided items is
sealed into a shard. The ledger holds every step. The agents' graph is handed in and never
imported.

Doors:
    run              a build, a replay, a survey without a build
    job              what to build, and how it ended
    trial            one item, for people who tune prompts
    progress         what a build shows while it runs
    report, show     plain facts of a source, a build and a ledger; and as text
    item_story, show_item   the same of one item
    reasons          the reasons of verdicts, worded for people
    estimate         what a model will cost
    accounting       what became of every item, and what the replies have cost
    marks            what people want of items
    remove           pieces taken out for good
    manifest         `manifest.json`
    workers          a build shared by several processes, on one machine or many
    studio           generated music, and what a composer is
    workspace        what every part of a build works with
"""
