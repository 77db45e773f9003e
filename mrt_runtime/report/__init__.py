"""How verdicts are shown: the picture on a terminal, JSON for other tools, the message of a failed test. Standard library only."""
