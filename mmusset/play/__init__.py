"""A page to make music in: `mmusset play`. It looks and is guarded as `mmusset view` is.

Doors:
    server    `serve`: a trained model behind a page, until SIGINT or SIGTERM
"""
