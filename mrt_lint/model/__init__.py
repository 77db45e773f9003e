"""What everything else is written in: values, operations, migrations, rules and findings."""
