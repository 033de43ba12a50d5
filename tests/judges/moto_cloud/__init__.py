"""Runs moto as an AWS endpoint, with the few operations that it lacks.

moto (https://docs.getmoto.org) imitates AWS in another language and by other hands than the local cloud, so what both
accept is no mistake that one of them shares with `stack`. `gaps` lists where moto itself differs from AWS.
"""
