"""The runbooks' procedures as data, one TOML per system, and their model."""

from pytest_llmops.procedures.catalogue import (
    SUITES,
    SYSTEMS,
    Procedure,
    ProcedureThreshold,
    catalogue,
    procedure,
)

__all__ = ["SUITES", "SYSTEMS", "Procedure", "ProcedureThreshold", "catalogue", "procedure"]
