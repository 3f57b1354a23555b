from .classifier_run import ClassifierRun as ClassifierRun
from .classifier_run import load_classifier_run as load_classifier_run
from .classifier_run import save_classifier_run as save_classifier_run
from .run import Run as Run
from .run import load_run as load_run
from .run import save_run as save_run
