"""The rules and the wording of each subject, independent of each other."""
