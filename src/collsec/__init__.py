"""Tests of the claims about UN collective security on every armed conflict since 1946."""

__version__ = "0.1.0"
