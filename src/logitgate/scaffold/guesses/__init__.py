"""What is guessed about a table, as typed values with their evidence.

Read `guess`. `look` looks at columns (`profiles`), `roles` at what they are for, `suspects` at what must not
be learned from, `calendar` at time; `asked` is what the owner has said.
"""
