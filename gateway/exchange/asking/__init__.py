"""Ask for exchanges in one grammar, the same in the console, the API and the command line."""
