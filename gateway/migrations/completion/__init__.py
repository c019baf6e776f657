"""The statements of revision 0012, by subject."""
