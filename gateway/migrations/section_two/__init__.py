"""The statements of revision 0005, by subject."""
