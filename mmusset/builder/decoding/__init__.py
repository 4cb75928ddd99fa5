"""Opening untrusted media, in child processes that have no network, little memory and no secrets.

Doors:
    sandbox      runs the children, and replaces those that crash or hang
    tasks        what they are asked, and what they reply
    worker       the child itself: `surveying` and `preparing` do what it is asked
"""
