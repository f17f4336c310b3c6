"""A project from a table: guesses as typed values with their evidence, then text; nothing is trained.

`shape` looks at bytes, `look` at columns (`profiles`), `roles` at what they are for, `suspects` at what must
not be learned from, `calendar` at time; `contract`, `project_text` and `companions` write what was found.
`file_check` names every mistake of a project file.
"""
