"""The YAML that goes to the cluster, for review in the pull request that changes it."""

from main import shop

from initconstructs.pytest_plugin import ManifestSnapshot, Synthesizer, assert_no_findings, assert_order


def test_the_shop_is_what_was_reviewed(synth: Synthesizer, manifest_snapshot: ManifestSnapshot) -> None:
    assert synth(shop()) == manifest_snapshot


def test_the_house_checks_before_the_shop_starts(synth: Synthesizer) -> None:
    manifests = synth(shop())
    assert_order(manifests.plan(), "check-config", "ship-logs", "catalogue")
    assert_no_findings(manifests)
