"""A build by several processes, on one machine or many, that meet in a store.

A driver plans as ever and offers the blocks of its plan; workers take one at a time, decide and
seal it with a ledger of their own, and hand in its shard and its segment; the driver takes those
over into the dataset. Whoever dies costs the block that it was at.

Doors:
    board     the objects in the store, and what their names mean: blocks, leases, markers
    lease     a worker's claim on one block
    sharing   whether a build is shared, and where its workers meet
    worker    the loop of a worker
    deciding  one block, decided and sealed on a worker's own disk
    starting  who starts workers: the user, or a cluster
    on_ray    workers started as tasks of a Ray cluster
    on_slurm  workers started as an array of jobs of Slurm
    driver    offers blocks, and takes over what is handed in

The order of what a worker writes is shard, segment, marker. Only the marker means "done", and the
first one counts: a block that was decided twice is taken once.
"""
