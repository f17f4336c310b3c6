"""The report page of a training: one HTML file for people who decide, without a network.

Imports `pages` and below; no store. Read `facts` (what a run keeps for the page), `summary` (the first
screen), and `page`, which puts them together.
"""
