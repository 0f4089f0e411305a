"""Tests of what people and machines enter by."""
