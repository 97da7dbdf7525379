"""Policies learned by acting: Double DQN over Gymnasium environments."""
