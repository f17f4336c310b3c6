"""The lab: one HTML page to learn logistic regression with, on a project's own rows and model.

Imports `pages` and below; no store. Read `material` (what all parts are made of), then the parts in the order
of the page: `score`, `boundary`, `cost_function`, `drill`, `failures/`, `order`, `questions`; `lab` puts them
together as typed values, and `page` writes them. The page's scripts draw; each formula of theirs is compared
with Python's in `tests/lab/test_browser.py`.
"""
