"""What a sample says about all rows: an exact bound of Clopper and Pearson, from SciPy."""

CONFIDENCE = 0.95


def upper_bound(wrong: int, drawn: int, confidence: float = CONFIDENCE) -> float:
    """Return the highest share of wrong rows that fits a sample, at one-sided confidence.

    Sampling without replacement makes the bound hold more often than that, not less.
    https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.binomtest.html
    """
    if not drawn:
        return 1.0
    # the import takes more than a second
    from scipy.stats import binomtest  # noqa: PLC0415 - see above

    interval = binomtest(wrong, drawn, alternative="less").proportion_ci(confidence, "exact")
    return float(interval.high)
