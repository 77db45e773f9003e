"""What both halves found about a history, as one: a page in HTML, Markdown for a pull request."""
