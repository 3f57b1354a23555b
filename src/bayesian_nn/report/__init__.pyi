from .report import write_report as write_report
from .rows import Rows as Rows
from .rows import predict_rows as predict_rows
from .rows import scores_of as scores_of
