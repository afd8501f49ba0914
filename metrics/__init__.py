"""Measures of classifiers: classification, calibration, intervals. numpy and scipy only."""
