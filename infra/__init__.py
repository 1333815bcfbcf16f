"""Everything that does input and output: HTTP, AWS, storage, files and the command line."""
