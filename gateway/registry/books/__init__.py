"""Reference books: values with names in three languages, days they hold on, and versions that never change."""
