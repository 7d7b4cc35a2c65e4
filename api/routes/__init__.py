"""Thin routes: parse, call one use-case in one unit of work, map. Nothing is decided here."""
