"""What the build keeps on the disk and how it tells that it changed, and the server that shows a folder."""
