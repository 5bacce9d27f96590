"""Subjects: what is particular to one exposure, as parts that a hypothesis names."""

from collsec.subjects import deployment, interest, veto

__all__ = ["deployment", "interest", "veto"]
