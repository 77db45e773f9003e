"""From the bytes of a file to the operations of its two functions."""
