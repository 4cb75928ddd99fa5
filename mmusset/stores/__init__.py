"""Places that several machines write to at once: a folder that they share, or a bucket.

A store holds objects by name. An object appears whole or not at all, and one can be made only where
there is none of its name: that, and the store's own clock, is all that leases need.

Doors:
    store     `Store`: what every kind of place can do
    choose    the store that a text names
    folder    a folder on a disk, or one that machines share
    cloud     a bucket: S3, Google's, Azure's
"""
