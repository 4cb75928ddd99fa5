"""Shards: a dataset on the disk, as WebDataset tars and a manifest.

Doors:
    tar        writes a shard whose bytes depend on its samples alone, and reads it back
    frames     the frames of a video as a sample holds them
    reader     reads the shards of a folder, a glob or the Hub, within bounds, for training
    manifest   `Manifest`, which writes and reads manifest.json
    mirror     a dataset by its path or URL: the folder that stands for one in a bucket
    shard_files  where a dataset's shards lie, in its folder or in a bucket
    verify     checks a finished folder from the outside
    check      what is wrong with one shard; `check_in_processes` has many checked at once, by
               a `check_child` for each process
"""
