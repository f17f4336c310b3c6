"""The command line. Read `main` and `app`; a command's own file imports what it needs when it runs."""
