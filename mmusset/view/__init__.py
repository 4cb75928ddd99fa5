"""A page to look at a dataset and listen to it: `mmusset view`, and the same as a folder.

Items are read from the ledger one by one, as a page needs them; an index of its own in
`.mmusset/view.db` answers filters, searches and counts. Marks are all that is written.
"""
