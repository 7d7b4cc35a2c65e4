"""Commands, one file for each noun. They parse, call one method of a desk, and print."""
