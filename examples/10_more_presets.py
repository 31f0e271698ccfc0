"""What 09 leaves out of the use cases: checks, configuration, the pod's network and a warm cache, each by a preset.

Nothing here needs root or a privilege: the kernel parameter is the pod's own, and the authority's certificate comes as
a directory that the app reads. The cache may fail: after 30 s the app starts without it.
"""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import (
    ConfigMapFiles,
    Container,
    PodSecurityContext,
    Resources,
    SecretFiles,
    SecretKey,
    SecurityContext,
    Volume,
)
from initconstructs.presets import checking, configuring, networking, warming
from initconstructs.workloads import Deployment

APP_USER = SecurityContext(run_as_user=1000, run_as_group=1000)
CONFIG = 'database = "${DATABASE_URL}"\nsynonyms = "/srv/warm/synonyms.json"\n'


class Search(Chart):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="search")
        tls = Volume("tls", SecretFiles("search-tls")).at("/tls", read_only=True)
        authority = Volume("authority", ConfigMapFiles("acme-ca")).at("/authority", read_only=True)
        url = {"DATABASE_URL": SecretKey("search-db", "url")}

        fit = checking.all_of(
            checking.secret("search-db", ["url"]),
            checking.certificate("/tls/tls.crt", key="/tls/tls.key", valid_for="72h", mounts=[tls]),
        )
        trust = networking.ca_bundle("/authority", mounts=[authority], security=APP_USER)
        config = configuring.render({"search.toml": CONFIG}, to="/config", env=url, user=1000)
        warm = warming.http({"synonyms.json": "https://words.example.org/synonyms"}, budget="30s")
        Deployment(
            self,
            "search",
            replicas=2,
            stages=[fit, trust, config, warm],
            containers=[
                Container(
                    "search",
                    image="ghcr.io/acme/search:7.1.0",
                    ports=[8443],
                    env=networking.trust_environment("/trust"),
                    mounts=[
                        tls,
                        trust.output.at("/trust"),
                        config.output.at("/etc/search"),
                        warm.output.at("/srv/warm"),
                    ],
                    resources=Resources(requests={"cpu": "200m", "memory": "256Mi"}, limits={"memory": "256Mi"}),
                    security=APP_USER,
                )
            ],
            security=PodSecurityContext(sysctls=networking.sysctls({"net.ipv4.tcp_keepalive_time": 300})),
            dns_config=networking.dns(ndots=2),
        )


def add_to(app: App) -> None:
    Search(app, "10-search")


if __name__ == "__main__":
    app = App()
    add_to(app)
    app.synth()
