from collsec.api import Hypothesis as Hypothesis
from collsec.api import References as References
from collsec.api import catalog as catalog
from collsec.api import cite as cite
from collsec.api import codebook as codebook
from collsec.api import join as join
from collsec.api import load as load
from collsec.api import results as results
from riskset import *  # noqa: F403
