"""Tests of the room that judges what a model makes."""
