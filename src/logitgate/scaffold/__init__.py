"""A project from a table: guesses as typed values with their evidence, then text; nothing is trained.

`shape` looks at bytes, the room `guesses` at columns; `contract`, `project_text` and `companions` write what
was found, and `draft` puts it together. `file_check` names every mistake of a project file.
"""
