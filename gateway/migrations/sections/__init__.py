"""What revision 0006 makes: reference books, organisations and staff, and the laws the database keeps."""
