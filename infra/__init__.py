"""What touches the world: storage, settings, the web edge, files."""
