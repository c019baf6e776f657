"""Give out no more than an agreement and its purpose allow."""
