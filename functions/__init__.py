"""One endpoint, one file, one function; the path of the file is the path of the URL."""
