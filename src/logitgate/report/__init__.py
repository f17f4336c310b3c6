"""The report pages of a training and of a monitored window: one HTML file each, without a network.

Imports `pages` and below; no store. Read `facts` (what a run keeps for the page, with `worked_rows`),
`summary` (the first screen), and `page`, which puts them together; `window_page` is that of a window.
"""
