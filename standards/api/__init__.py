"""The REST interface of `standards`."""
