"""From the type a column is stored in to the one that the project declares.

Read `stored_types` and `column`, then `declared_types`, which asks `number_cells`, `moment_cells` and
`text_cells`.
"""

from .column import Column, Written
from .declared_types import cast
from .moment_cells import in_utc
from .stored_types import is_moment, is_number, is_text, readable_as
from .text_cells import canonical

__all__ = [
    "Column",
    "Written",
    "canonical",
    "cast",
    "in_utc",
    "is_moment",
    "is_number",
    "is_text",
    "readable_as",
]
