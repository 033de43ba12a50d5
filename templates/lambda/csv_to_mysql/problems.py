"""Errors that are the file's fault: trying again would not help."""


class FileProblem(Exception):
    """The whole object cannot be loaded; the text says what was expected and what was found."""


class Outdated(Exception):
    """The object was replaced before it could be read; the newer one has an event of its own."""
