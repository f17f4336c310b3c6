"""What a replay found: costs by policy, releases, reactions, the cost of age; its tables and its page.

Read `result` and `accounts`; `proposal` says which settings would have been cheapest.
"""
