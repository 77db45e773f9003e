"""The revision graph as `mrt history` prints it."""
