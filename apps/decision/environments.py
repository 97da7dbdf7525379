"""Environments of this application, beside those of Gymnasium."""

DESK = "SupportDesk-v1"


def register_environments() -> None:
    """Makes `gymnasium.make` know them; without Gymnasium it does nothing."""
    try:
        import gymnasium
    except ImportError:  # whoever makes an environment says so
        return
    if DESK not in gymnasium.registry:
        gymnasium.register(DESK, entry_point="apps.decision.support_desk:SupportDesk")
