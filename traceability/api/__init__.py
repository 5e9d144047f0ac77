"""The REST interface of `traceability`."""
