"""What commands are forked from: each module here imports what a family of them needs."""
