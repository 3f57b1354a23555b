from .classes import ClassPrediction as ClassPrediction
from .real import Prediction as Prediction
from .real import PredictionFilm as PredictionFilm
