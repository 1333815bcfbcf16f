"""The protocols of storage; every repository passes the same contract suite."""
