"""What a person reads of a command: one screen, the verdict first.

Read `screen` and `answers`, then `terminal`; `standing` is what `logitgate` alone prints, `reporting` writes
files for continuous integration.
"""
