"""Every read of the datasets service: prebuilt statements to rows."""
