"""A verdict for people and for programs: outcome, JSON Schema, Markdown, JUnit."""
