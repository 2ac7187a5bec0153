from pathlib import Path

import pytest

from charts_py.resources.alerts import ALERTS, RUNBOOKS, Alert

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
SECTIONS = ("## What it means", "## First look", "## Causes and fixes", "## Escalation")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_a_severity_a_summary_a_description_and_a_runbook(alert: Alert) -> None:
    rule = alert.manifest({})
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOKS}/{alert.runbook}"
    assert (FOLDER / alert.runbook).is_file()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_runbook_leads_from_meaning_to_escalation(alert: Alert) -> None:
    text = (FOLDER / alert.runbook).read_text(encoding="utf-8")
    assert text.startswith(f"# {alert.name}\n")
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
    assert "kubectl " in text


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {path.name for path in FOLDER.glob("novacron-*.md")} == {alert.runbook for alert in ALERTS}


def test_a_runbook_is_named_after_its_alert() -> None:
    assert "novacron-api-error-rate.md" in {alert.runbook for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_quantiles_are_taken_over_summed_rates(alert: Alert) -> None:
    if "histogram_quantile" in alert.expression:
        assert "sum by (le) (rate(" in alert.expression
