"""Tests of the room that matches pictures and music."""
