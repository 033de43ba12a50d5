"""The part of Glue's Python library that a plain Spark job needs, for Spark on the laptop.

Scripts import it as they do on AWS. What it does not have says so when it is called.
"""
