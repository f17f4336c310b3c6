"""What people and other programs read: progress, errors, notifications, report files.

Imports logitgate and Apprise. Each module stands alone.
"""
