"""The kernel: settings, errors, clock, logs, and the `throughline` command. It imports nothing else of ours."""
