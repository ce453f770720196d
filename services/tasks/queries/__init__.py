"""Every read of the tasks service: prebuilt statements, rows out."""
