"""The hand-off to torch and transformers. Outside this folder nothing imports them when fastprep is imported."""
