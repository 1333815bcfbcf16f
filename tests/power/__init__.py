"""A simulated power cut: what the real repository does to its file, done again on a disk that forgets."""
