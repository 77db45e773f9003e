"""What `mrt init` finds in a project, and what it proposes to write there."""
