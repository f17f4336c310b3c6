"""From the findings of windows to what is to be done: symptoms, the policy, its sentences.

Read `remedies` and `policy` first. Imports `since_release` of the room, nothing else of it.
"""
