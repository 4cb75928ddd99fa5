"""A part of the way to api_server."""
