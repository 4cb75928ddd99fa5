"""Tests of the room that audits captions which exist."""
