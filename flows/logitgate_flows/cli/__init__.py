"""The command line.

Imports every room, typer, rich. Read `main` and `app`; a command's own file imports what it needs when it
runs. The room `screens` is what a person reads.
"""
