"""The job that all sides do. Kept free of imports, since every side's process loads it."""

SEPARATOR = "\n##\n"
STOP = "\n###\n"

# What the text after the separator must not begin with, since it would complete a separator or a stop
# that begins within the separator: for each of them every end that follows a head the separator ends in.
SEAM_HEADS = sorted({s[k:] for s in (SEPARATOR, STOP) for k in range(1, len(s)) if SEPARATOR.endswith(s[:k])})
