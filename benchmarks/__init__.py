"""Measured speed, memory and conformance; never asserted as a time inside a test."""
