"""Rules of the datasets service: values in, decisions out."""
