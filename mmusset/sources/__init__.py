"""Where originals come from, and what belongs together: sources, tags, pairing, groups, splits.

Doors:
    source     the protocol that a source keeps (entries, open, check, groups), and its entries
    folder     a folder as a source
    left_out   why a name is left out, in words for people
    sharded    tars of samples, and the dataset that a build wrote
    remote     what is somewhere else: its files are fetched for as long as they are open
    hub        a dataset on the Hugging Face Hub
    bucket     the files in a bucket
    tabled     a folder with tables that say what its files are
    choose     the source that a text names
    default_out where what is made of it goes, unless somebody says otherwise
    tags       what a music file says of itself
    covers     the pictures embedded in it
    sidecar    what a file of JSON beside it says of it
    lyrics     lyrics as sources give them, and which texts are verses
    score_files which scores lie beside music, and which are alone
    licences   the licence that a tag names, in whatever spelling
    rights     what files beside the music say of its licence, or reserve from machine learning
    pair       which picture and story belong to which music
    neighbours which folders may hold what belongs together
    sequence   pictures in a sequence with one story
    artists    whose group a piece belongs to, by the names in its tags
    recordings which pieces are of one recording, by their fingerprints
    group      which pieces must stay in one split
    split      dealing whole groups out to splits
"""
