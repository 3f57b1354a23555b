"""Bayesian neural networks that can be watched while they learn."""

import importlib

_HOME = {
    "Dataset": "data",
    "Scaling": "data",
    "cosine_with_gap": "data",
    "dataset": "data",
    "read_csv": "data",
    "train_test_split": "data",
    "LearnedNoise": "model",
    "Model": "model",
    "MeanField": "posterior",
    "FullCovariance": "full_covariance",
    "LowRank": "low_rank",
    "Elbo": "elbo",
    "estimate_elbo": "elbo",
    "ImportanceWeightedElbo": "importance",
    "Flipout": "layerwise",
    "LocalReparameterisation": "layerwise",
    "Adam": "optimizer",
    "StepDecay": "optimizer",
    "WarmupCosine": "optimizer",
    "FlatFitWarning": "variational",
    "NonFiniteElboError": "variational",
    "Plateau": "variational",
    "fit": "variational",
    "Run": "run",
    "load_run": "run",
    "save_run": "run",
    "Mixture": "run_mixture",
    "elbo_weights": "run_mixture",
    "mixture_of": "run_mixture",
    "Chains": "mcmc",
    "sample_hmc": "mcmc",
    "MapEstimate": "map_estimate",
    "find_map": "map_estimate",
    "Laplace": "laplace",
    "jacobian": "laplace",
    "fit_laplace": "laplace",
    "predict_linearised": "laplace",
    "DropoutFit": "dropout",
    "Ensemble": "ensemble",
    "fit_ensemble": "ensemble",
    "fit_dropout": "dropout",
    "DivergedChainsError": "langevin",
    "LangevinChains": "langevin",
    "sample_sghmc": "langevin",
    "sample_sgld": "langevin",
    "DivergedIvonError": "ivon",
    "IvonFit": "ivon",
    "fit_ivon": "ivon",
    "reference_chains": "reference",
    "Convergence": "diagnostics",
    "effective_sample_size": "diagnostics",
    "function_space_convergence": "diagnostics",
    "draw_posterior": "predictive",
    "draw_prior": "predictive",
    "predict": "predictive",
    "predict_film": "predictive",
    "Prediction": "prediction",
    "PredictionFilm": "prediction",
    "constant_log_likelihood": "metrics",
    "explained_variance": "metrics",
    "rmse": "metrics",
    "calibration_error": "calibration",
    "coverage": "calibration",
    "reliability": "calibration",
    "Reliability": "classification",
    "brier_score": "classification",
    "class_reliability": "classification",
    "expected_calibration_error": "classification",
    "log_loss": "classification",
    "mean_by_region": "distance",
    "times_too_sure": "distance",
    "wasserstein2": "distance",
    "Ranks": "ranks",
    "ecdf_band": "ranks",
    "rank_simulations": "simulation_calibration",
    "simulate": "simulation_calibration",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    # Lazy (PEP 562), so that drawing figures or building pages never imports TensorFlow.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return __all__
