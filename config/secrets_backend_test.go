package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"plinth/config"
)

// needy reads one value as a variable and one as a file.
const needy = "  plinth:apps: {web: {<<: *app, secrets: {API_TOKEN: token}, secretFiles: {/etc/keys/jwt: jwt-private}}}\n"

func TestTheBackendOfSecretsIsOneWord(t *testing.T) {
	cipher := strings.Repeat("AgBz", 90)
	sections := `
  plinth:tier: dev
  plinth:namespace: {name: shop}
  plinth:secretValues: {token: {secure: x}, vault: {secure: x}}
` + needy
	for word, want := range map[string]string{
		"kubernetes": "", "existing": "", "sealed": "sealed-secrets", "external-secrets": "external-secrets",
		"vault": "vault-secrets-operator",
	} {
		c := mustLoad(t, sections+`  plinth:secrets:
    backend: `+word+`
    signingKeys: [jwt]
    sealed: {token: `+cipher+`}
    certificate: |
`+indented(certificate(t))+`
    external: {namespace: kept}
    vault: {address: "http://vault.vault.svc:8200", writer: {token: vault}}
`)
		if got := config.OperatorOf(c.Secrets.Backend); got != want {
			t.Errorf("%s: got the operator %q, want %q", word, got, want)
		}
		if c.Secrets.Vault.Role != "shop" || c.Secrets.Refresh != "1m" || c.Secrets.Vault.Mount != "secret" {
			t.Errorf("got the defaults %+v", c.Secrets)
		}
	}
}

func TestABackendOfSecretsMustBeComplete(t *testing.T) {
	checkRefused(t, []refused{
		{
			"an unknown backend", "  plinth:tier: dev\n  plinth:secrets: {backend: volt}\n",
			[]string{
				`secrets.backend: unknown secrets backend "volt"; known: existing, external-secrets, kubernetes, sealed, vault`,
			},
		},
		{
			"kubernetes without the value", "  plinth:tier: dev\n" + needy,
			[]string{
				`apps.web.secretFiles["/etc/keys/jwt"]: refers to secretValues.jwt-private, which is not set; set it with: ` +
					`pulumi config set --secret --path plinth:secretValues.jwt-private`,
				`apps.web.secrets.API_TOKEN: refers to secretValues.token, which is not set; set it with: ` +
					`pulumi config set --secret --path plinth:secretValues.token`,
			},
		},
		{
			"sealed without the ciphertext", "  plinth:tier: dev\n  plinth:namespace: {name: shop}\n" +
				"  plinth:secrets: {backend: sealed, sealed: {token: clear}}\n" + needy,
			[]string{
				`apps.web.secretFiles["/etc/keys/jwt"]: refers to secrets.sealed.jwt-private, which is not set; make it with: ` +
					`kubeseal --raw --scope namespace-wide --namespace shop --from-file=/dev/stdin`,
				`secrets.sealed.token: must be ciphertext; make it with: ` +
					`kubeseal --raw --scope namespace-wide --namespace shop --from-file=/dev/stdin`,
			},
		},
		{
			"external secrets without a place",
			"  plinth:tier: dev\n  plinth:secrets: {backend: external-secrets, signingKeys: [jwt]}\n" + needy,
			[]string{`secrets.external.namespace: is required with the store cluster: it says where the Secrets are`},
		},
		{
			"vault without an address", "  plinth:tier: dev\n  plinth:secrets: {backend: vault}\n" + needy,
			[]string{`secrets.vault.address: is required with the backend vault: it says where Vault is`},
		},
		{
			"a vault that an operator of ours cannot reach", `
  plinth:tier: staging
  plinth:operators: {vault-secrets-operator: {}}
  plinth:secrets: {backend: vault, vault: {address: "http://vault.example.com"}}
`,
			[]string{
				`secrets.vault.address: must be https outside dev, because tokens and values would be there for all to read, ` +
					`got "http://vault.example.com"`,
			},
		},
		{
			"its addresses", `
  plinth:tier: staging
  plinth:operators: {vault-secrets-operator: {}}
  plinth:secrets: {backend: vault, vault: {address: "https://vault.example.com"}}
`,
			[]string{
				`secrets.vault.cidrs: must not be empty: the operator could not reach "https://vault.example.com", which is ` +
					`not a Service of the cluster`,
			},
		},
	})
}

func TestNamesAndPathsOfSecretsMustFit(t *testing.T) {
	checkRefused(t, []refused{{
		"everything", `
  plinth:tier: dev
  plinth:namespace: {name: shop}
  plinth:secretValues: {token: {secure: x}, jwt-public: {secure: x}}
  plinth:secrets:
    refresh: often
    keys: {tokne: TOKEN, token: "a key"}
    signingKeys: [jwt, "1", jwt]
    existing: {web: Bad_Name, wbe: fine}
    external: {namespace: shop, entries: {web: ""}}
    vault: {address: "vault:8200", mount: /kv, auth: a b, role: a/b, paths: {web: secret/shop/web}}
` + needy,
		[]string{
			`secrets.existing.wbe: must be the name of an app, got "wbe"; did you mean web?`,
			`secrets.existing.web: must be the name of a Secret, got "Bad_Name"`,
			`secrets.external.entries.web: must be the name of a Secret, got nothing`,
			`secrets.external.namespace: must not be the stack's own: use the backend existing for Secrets that are there, got "shop"`,
			`secrets.keys.token: must be a key of letters, digits, hyphens, dots and underscores, got "a key"`,
			`secrets.keys.tokne: must be the name of a value that an app reads; did you mean token?`,
			`secrets.refresh: must be a whole number of s, m or h from 5s to 24h, such as 1m, got "often"`,
			`secrets.signingKeys[0]: must not be there together with secretValues.jwt-public`,
			`secrets.signingKeys[1]: must be a name of at most 50 letters, digits, hyphens and underscores that starts with a letter, got "1"`,
			`secrets.signingKeys[2]: must be there once only, got "jwt"`,
			`secrets.vault.address: must be a URL of a scheme and a host, such as https://vault.example.com:8200, got "vault:8200"`,
			`secrets.vault.auth: must be a path of letters, digits, hyphens, dots and underscores, with slashes between them and none at its ends, got "a b"`,
			`secrets.vault.mount: must be a path of letters, digits, hyphens, dots and underscores, with slashes between them and none at its ends, got "/kv"`,
			`secrets.vault.role: must be of letters, digits, hyphens, dots and underscores, got "a/b"`,
		},
	}, {
		"paths that hold the engine's", `
  plinth:tier: dev
  plinth:secretValues: {token: {secure: x}}
  plinth:secrets: {vault: {paths: {web: secret/shop/web, api: data/api}}}
  plinth:apps: {web: {<<: *app}, api: {<<: *app}}
`,
		[]string{
			`secrets.vault.paths.api: must not begin with data/, which version 2 of the engine adds by itself, got "data/api"`,
			`secrets.vault.paths.web: must not begin with the engine's path (secret/): it is the path below it, got "secret/shop/web"`,
		},
	}})
}

func TestOperatorsMustBeKnownAndApart(t *testing.T) {
	checkRefused(t, []refused{
		{
			"names, places and images", `
  plinth:tier: dev
  plinth:namespace: {name: shop}
  plinth:operators:
    vault-secret-operator: {}
    external-secrets: {namespace: shop, images: {main: "a:1", operator: a}}
    sealed-secrets: {namespace: kube-system, timeout: 5}
    cert-manager: {namespace: vault-secrets-operator}
    vault-secrets-operator: {}
`,
			[]string{
				`operators.external-secrets.images.main: must be one of operator`,
				`operators.external-secrets.images.operator: must have a tag, got "a"`,
				`operators.external-secrets.namespace: must be a namespace of the operator's own, got "shop"`,
				`operators.sealed-secrets.namespace: must be a namespace of the operator's own, got "kube-system"`,
				`operators.sealed-secrets.timeout: must be between 30 and 3600, got 5`,
				`operators.vault-secret-operator: must be the name of an operator; did you mean vault-secrets-operator?`,
				`operators.vault-secrets-operator.namespace: must not be that of operators.cert-manager too, got "vault-secrets-operator"`,
			},
		},
		{
			"images without digests on prod", "  plinth:tier: prod\n  plinth:operators: {external-secrets: {}}\n",
			[]string{`operators.external-secrets.images.operator: is required on prod, with a digest (NAME:TAG@sha256:DIGEST)`},
		},
	})
}

func TestFilesOfSecretsAreAloneInTheirFolders(t *testing.T) {
	checkRefused(t, []refused{{
		"files", `
  plinth:tier: dev
  plinth:secretValues: {token: {secure: x}}
  plinth:apps:
    web:
      <<: *app
      files: {/etc/web/settings: x}
      secretFiles: {/etc/web/token: token, /keys/a: token, /keys/b: token, /top: token, keys: token}
`,
		[]string{
			`apps.web.secretFiles.keys: must be an absolute path without . or .. or a slash at its end, got "keys"`,
			`apps.web.secretFiles["/etc/web/token"]: must not overlap with "/etc/web/settings", got "/etc/web"`,
			`apps.web.secretFiles["/keys/b"]: must be alone in its folder, which holds "/keys/a" too`,
			`apps.web.secretFiles["/top"]: must be in a folder, got "/top"`,
		},
	}})
}

func TestASecretManagerOfACloudHasACloudAndValues(t *testing.T) {
	const app = `
  plinth:apps:
    web:
      image: example/web:1
      resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 64Mi}}
      secrets: {TOKEN: token}
`
	checkRefused(t, []refused{
		{
			"no cloud, no values", `
  plinth:tier: dev
  plinth:secrets: {backend: external-secrets, external: {store: managed, recovery: 3, entries: {web: "a b"}}}
` + app,
			[]string{
				`secrets.external.entries.web: must be the name of an entry: letters, digits, hyphens, underscores and, on AWS, ` +
					`/+=.@, got "a b"`,
				"secrets.external.recovery: must be 0, or from 7 to 30 days, got 3",
				"secrets.external.store: must not be managed with plinth:cloud existing, since nothing is known of a cloud " +
					"around that cluster: set plinth:cloud to aws or gcp, or the store to cluster or vault",
			},
		},
		{
			"no way out, and a value that is not there", `
  plinth:tier: dev
  plinth:cloud: aws
  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}
  plinth:network: {nat: none}
  plinth:operators: {external-secrets: {}}
  plinth:secrets: {backend: external-secrets, external: {store: managed}}
` + app,
			[]string{
				"apps.web.secrets.TOKEN: refers to secretValues.token, which is not set; set it with: pulumi config set " +
					"--secret --path plinth:secretValues.token",
				"secrets.external.store: must not be managed with network.nat none on aws: External Secrets could not reach " +
					"Secrets Manager",
			},
		},
	})
}

// certificate is one with an RSA key, in PEM.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signed(t, &key.PublicKey, key)
}

func signed(t *testing.T, public, private any) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
}

func indented(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ")
}

// What the stack makes goes where the values of apps are, or the stack says that it does not.
func TestWhatTheStackMakesCanBeWrittenToTheBackend(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const dev = "  plinth:tier: dev\n"
	const limits = "resources: {limits: {cpu: \"1\", memory: 512Mi, ephemeralStorage: 256Mi}}"
	const database = "  plinth:databases: {main: {" + limits + "}}\n"
	const vault = `vault: {address: "http://vault.vault.svc:8200"}`
	const otherwise = "; or set secrets.generated to kubernetes, and Pulumi writes Secrets"
	checkRefused(t, []refused{
		{
			"sealed without the certificate", dev + "  plinth:secrets: {backend: sealed}\n" + database,
			[]string{"secrets.certificate: is required: what the stack makes for databases.main is sealed with it, print it " +
				"with: kubeseal --fetch-cert" + otherwise},
		},
		{
			"a certificate of another kind", dev + "  plinth:secrets:\n    backend: sealed\n    certificate: |\n" +
				indented(signed(t, &key.PublicKey, key)) + "\n" + database,
			[]string{"secrets.certificate: must be a certificate with an RSA key, in PEM, such as `kubeseal --fetch-cert` prints"},
		},
		{
			"vault without a token", dev + "  plinth:secrets: {backend: vault, signingKeys: [jwt], " + vault + "}\n" + database +
				"  plinth:buckets: {media: {engine: minio}}\n",
			[]string{"secrets.vault.writer.token: is required: what the stack makes for databases.main, buckets.media, " +
				"secrets.signingKeys[0] is written to Vault with it" + otherwise},
		},
		{
			"a token that is not there, and an address that is none", dev +
				"  plinth:secrets: {backend: external-secrets, external: {store: vault}, vault: " +
				"{address: \"http://vault.vault.svc:8200\", writer: {token: vault, address: here}}}\n" + database,
			[]string{
				`secrets.vault.writer.address: must be a URL of a scheme and a host, such as https://vault.example.com:8200, ` +
					`got "here"`,
				`secrets.vault.writer.token: refers to secretValues.vault, which is not set; set it with: ` +
					`pulumi config set --secret --path plinth:secretValues.vault`,
			},
		},
	})
	for _, sections := range []string{
		"  plinth:secrets: {backend: sealed, generated: kubernetes}\n" + database,
		"  plinth:secrets: {backend: vault, generated: kubernetes, " + vault + "}\n" + database,
		"  plinth:secrets: {backend: vault, " + vault + "}\n",
		"  plinth:secrets: {backend: existing}\n" + database,
		"  plinth:secrets: {backend: external-secrets, external: {namespace: kept}}\n" + database,
	} {
		c := mustLoad(t, dev+sections)
		if c.WritesToVault() {
			t.Errorf("%s: something is written to Vault", sections)
		}
	}
}
