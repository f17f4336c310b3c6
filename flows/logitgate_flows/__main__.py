"""`python -m logitgate_flows` is the command line."""

from logitgate_flows.cli.main import main

if __name__ == "__main__":
    main()
