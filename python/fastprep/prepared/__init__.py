"""Prepared folders, once published: opened, read, sampled, tokenized again, and counted for recommendations."""
