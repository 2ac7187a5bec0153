"""The subcommands of `novacron`, one module each: arguments in, exit code out."""
