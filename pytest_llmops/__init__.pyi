# The public names, and where they live: what a test annotates and catches.

from pytest_llmops.clients.alertmanager import Alertmanager as Alertmanager
from pytest_llmops.clients.api import Api as Api
from pytest_llmops.clients.app_command import AppCommands as AppCommands
from pytest_llmops.clients.app_command import Ran as Ran
from pytest_llmops.clients.figures import Figures as Figures
from pytest_llmops.clients.files import Files as Files
from pytest_llmops.clients.generation import Generation as Generation
from pytest_llmops.clients.grafana import Grafana as Grafana
from pytest_llmops.clients.health import HealthReport as HealthReport
from pytest_llmops.clients.llm import Llm as Llm
from pytest_llmops.clients.log_entries import Entries as Entries
from pytest_llmops.clients.log_entries import Entry as Entry
from pytest_llmops.clients.logs import Logs as Logs
from pytest_llmops.clients.ollama import Ollama as Ollama
from pytest_llmops.clients.openai import OpenAI as OpenAI
from pytest_llmops.clients.prometheus import Prometheus as Prometheus
from pytest_llmops.clients.redis import Redis as Redis
from pytest_llmops.clients.reply import Reply as Reply
from pytest_llmops.clients.traffic import Traffic as Traffic
from pytest_llmops.clients.ui import Turn as Turn
from pytest_llmops.clients.ui import Ui as Ui
from pytest_llmops.clients.vectors import Vectors as Vectors
from pytest_llmops.control.change import Change as Change
from pytest_llmops.control.driver import Status as Status
from pytest_llmops.errors import BudgetSpent as BudgetSpent
from pytest_llmops.errors import CallFailed as CallFailed
from pytest_llmops.errors import ConfigError as ConfigError
from pytest_llmops.errors import ControlError as ControlError
from pytest_llmops.errors import LlmopsError as LlmopsError
from pytest_llmops.errors import OutsideWindow as OutsideWindow
from pytest_llmops.errors import Unreachable as Unreachable
from pytest_llmops.errors import Unsupported as Unsupported
from pytest_llmops.errors import Vacuous as Vacuous
from pytest_llmops.measure.results import Measurement as Measurement
from pytest_llmops.measure.results import Result as Result
from pytest_llmops.plugin.measuring import Measure as Measure
from pytest_llmops.plugin.measuring import Record as Record
from pytest_llmops.report.documents import Documents as Documents
from pytest_llmops.samples import Prompt as Prompt
from pytest_llmops.samples import Workload as Workload
from pytest_llmops.target.load import Target as Target

__version__: str
