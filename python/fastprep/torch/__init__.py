"""The hand-off to torch and transformers: data set, loader, collator, trainer, stopping criteria."""
