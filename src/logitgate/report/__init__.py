"""The report page of a training: one HTML file for people who decide, without a network.

Imports `gates` and below, and Jinja; no store. Read `facts` (what a run keeps for the page), `explorer` (from
costs to threshold, counts and money), `summary` (the first screen), `charts`, and `page`, which puts them
together.
"""
