"""What is not reported: noqa comments, exemptions in the configuration, the baseline."""
