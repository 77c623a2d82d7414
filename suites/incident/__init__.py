"""While something is wrong: how bad is it, what is the evidence, and who has to know."""
