from charts_py.tree.checks.baseline import Baseline

CERTIFICATE = "Certificate.cert-manager.io novacron/novacron-api"


def test_a_certificates_issuer_exists(tree: Baseline) -> None:
    tree.get("Certificate", "novacron-api")["spec"]["issuerRef"] = {"name": "house"}
    tree.breaks("issuer-missing", CERTIFICATE, "spec.issuerRef")


def test_a_cluster_issuers_secret_lies_in_the_namespace_of_cert_manager(tree: Baseline) -> None:
    tree.get("ClusterIssuer", "house")["spec"]["ca"]["secretName"] = "novacron-api-tls"
    tree.breaks("issuer-secret-missing", "ClusterIssuer.cert-manager.io house", "spec.ca.secretName")


def test_a_secret_has_one_maker(tree: Baseline) -> None:
    tree.get("ExternalSecret", "database")["spec"]["target"] = {"name": "novacron-api-tls"}
    external = "ExternalSecret.external-secrets.io novacron/database"
    tree.breaks("secret-made-twice", external, "spec.target.name")


def test_an_external_secrets_store_exists(tree: Baseline) -> None:
    tree.get("ExternalSecret", "database")["spec"]["secretStoreRef"]["kind"] = "SecretStore"
    external = "ExternalSecret.external-secrets.io novacron/database"
    tree.breaks("secret-store-missing", external, "spec.secretStoreRef")


def test_an_injected_ca_comes_from_a_certificate_that_exists(tree: Baseline) -> None:
    annotations = tree.get("CustomResourceDefinition", "novacronregions.novacron.io")["metadata"][
        "annotations"
    ]
    annotations["cert-manager.io/inject-ca-from"] = "novacron/gone"
    tree.breaks(
        "injected-certificate-missing",
        "CustomResourceDefinition.apiextensions.k8s.io novacronregions.novacron.io",
        "metadata.annotations[cert-manager.io/inject-ca-from]",
    )
