from .real import Prediction as Prediction
from .real import PredictionFilm as PredictionFilm
from .classes import ClassPrediction as ClassPrediction
from .student_t import StudentTPrediction as StudentTPrediction
from .counts import CountPrediction as CountPrediction
from .several import SeveralPredictions as SeveralPredictions
