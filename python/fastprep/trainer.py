"""Trainers whose loss uses the weight of each token; needs transformers."""

from fastprep.torch.weighted_trainer import WeightedLoss, WeightedTrainer

__all__ = ["WeightedLoss", "WeightedTrainer"]
