from .classes import ClassPrediction as ClassPrediction
from .counts import CountPrediction as CountPrediction
from .real import Prediction as Prediction
from .real import PredictionFilm as PredictionFilm
from .several import SeveralPredictions as SeveralPredictions
from .student_t import StudentTPrediction as StudentTPrediction
