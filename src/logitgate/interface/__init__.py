"""What `import logitgate` offers to Python; each public name is loaded when it is first used.

Imports every room. Read `training`, then `production`.
"""
