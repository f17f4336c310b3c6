"""Scoring a table batch by batch into a file that appears whole. Read `score`."""
