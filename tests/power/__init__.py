"""A simulated power cut: the statements of the real repository, replayed on a disk that loses unsynced writes."""
