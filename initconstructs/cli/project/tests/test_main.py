"""What a reviewer of a change wants to know: the manifests, and how the pods start."""

from main import MyChart

from initconstructs.pytest_plugin import (
    ManifestSnapshot,
    Synthesizer,
    assert_handed_over,
    assert_no_findings,
    assert_order,
)


def test_the_manifests_are_those_reviewed(synth: Synthesizer, manifest_snapshot: ManifestSnapshot) -> None:
    assert synth(MyChart, id="my-app") == manifest_snapshot


def test_the_start_up_is_the_one_meant(synth: Synthesizer) -> None:
    manifests = synth(MyChart, id="my-app")
    plan = manifests.plan()
    assert_order(plan, "check-settings", "assets", "api")
    assert_handed_over(plan, "assets", to="api", path="/srv/assets")
    assert_no_findings(manifests)
