from .between import check_between as check_between
from .finding import Finding as Finding
from .finding import Verdict as Verdict
