"""The Security Council."""
