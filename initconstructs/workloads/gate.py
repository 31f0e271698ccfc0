"""The gate at synth: nothing is written that the API server would refuse."""

from __future__ import annotations

from typing import Literal, cast

from cdk8s import ApiObject
from constructs import Construct, IValidation
from jsii import implements

from initconstructs.manifests.pod_template import POD_KINDS
from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.errors import ModelError
from initconstructs.rules import Finding, Severity, check, rule
from initconstructs.rules.synth import ACKNOWLEDGE
from initconstructs.workloads.scopes import reference_of, settings_of

_GRAVE = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}


def check_at_synth(app: Construct, *, fail_on: Literal["error", "warning"] = "error") -> None:
    """Refuse to synthesize what the API server would refuse, in every object below `app`, whoever made it.

    All findings come in one message, and nothing is written. `fail_on="warning"` refuses hazards too, unless they are
    acknowledged. The target is the one of the app's settings.
    """
    checks.choice("check_at_synth(fail_on)", fail_on, tuple(_GRAVE))
    app.node.add_validation(cast(IValidation, _Gate(app, fail_on)))


@ends_at_the_author
def acknowledge(construct: Construct, rule_id: str, reason: str) -> None:
    """Accept a warning for everything below `construct`, for a reason that stays in every report.

    At synth the reason becomes the annotation `initconstructs.dev/acknowledge.<rule>` of each workload there (never of
    its pods: that would roll them), or of the construct itself when it is an ApiObject.

    Raises `ModelError` for an unknown rule, for a rule of the API server's, and for an empty reason.
    """
    place = f'acknowledge("{rule_id}")'
    try:
        family = rule(rule_id).family
    except KeyError as error:
        raise ModelError(place, "names no rule", str(error.args[0])) from None
    if family == "api-server":
        raise ModelError(place, "can't make the API server accept it", rule(rule_id).fix)
    checks.text(f"{place}: the reason", reason, "say why it is fine here")
    accepted = _Acknowledgement(construct, rule_id, reason)
    _acknowledged.setdefault(reference_of(construct.node.root), []).append(accepted)
    construct.node.add_validation(cast(IValidation, accepted))


@implements(IValidation)
class _Acknowledgement:
    """Writes its annotation at synth, when all that is below the construct is there."""

    def __init__(self, construct: Construct, rule_id: str, reason: str) -> None:
        self._construct = construct
        self._annotation = f"{ACKNOWLEDGE}{rule_id}"
        self._reason = reason

    def validate(self) -> list[str]:
        """Nothing is wrong with an acknowledgement."""
        for each in self._construct.node.find_all():
            if isinstance(each, ApiObject) and (each is self._construct or each.kind in POD_KINDS):
                each.metadata.add_annotation(self._annotation, self._reason)
        return []


_acknowledged: dict[str, list[_Acknowledgement]] = {}
"""The acknowledgements of each app, by its reference: the app's own validation runs before theirs."""


@implements(IValidation)
class _Gate:
    """Checks all objects of an app at synth."""

    def __init__(self, app: Construct, fail_on: str) -> None:
        self._app = app
        self._grave = _GRAVE[fail_on]

    def validate(self) -> list[str]:
        """The findings that refuse the synth."""
        for each in _acknowledged.get(reference_of(self._app.node.root), []):
            each.validate()
        manifests = [each.to_json() for each in self._app.node.find_all() if isinstance(each, ApiObject)]
        found = check(manifests, kubernetes=settings_of(self._app).target)
        return [_line(each) for each in found if each.severity in self._grave and not each.acknowledged]


def _line(finding: Finding) -> str:
    about = finding.object
    name = "/".join(filter(None, (about.namespace, about.name)))
    return f"{finding.rule}: {about.kind} {name}: {finding.path}: {finding.message}. {finding.fix}"
