"""What a project declares about the time after a release: monitoring, reactions, schedule.

Imports `fields`, cronsim. Read `monitoring`, `reactions`, `schedule`; `slots` does the arithmetic of time.
"""
