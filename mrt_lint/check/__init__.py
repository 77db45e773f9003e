"""One run: read the files of a history, judge them, and collect the report."""
