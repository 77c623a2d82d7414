"""The weekly reviews: how the system is used, what grows, what keeps going wrong."""
