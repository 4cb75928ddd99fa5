"""Tests of the house itself: which room may use which, by which door, under which names."""
