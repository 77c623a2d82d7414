"""Golden datasets: questions whose right answers are known, what is expected of an answer, and whether it came."""
