"""The rules and the messages of each subject; none imports another."""
