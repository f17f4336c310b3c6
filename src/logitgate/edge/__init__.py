"""Where the core meets its vendors: one vendor a file."""
