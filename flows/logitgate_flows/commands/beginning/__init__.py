"""Commands of a project that begins: drafts, examples, checks, gates."""
