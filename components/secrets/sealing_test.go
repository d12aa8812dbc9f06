package secrets_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"

	"plinth/components/secrets"
)

// controller is a key pair as the controller makes one for itself: its key, and the certificate in PEM.
var controller = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, certificate, err := crypto.GeneratePrivateKeyAndCert(2048, time.Hour, "")
	if err != nil {
		panic(err) // There is no test to fail yet.
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
})

func sealed(t *testing.T, namespace, value string) string {
	t.Helper()
	_, certificate := controller()
	text, err := secrets.Seal(certificate, namespace, value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// opened is what the controller makes of ciphertext in a namespace.
func opened(t *testing.T, namespace, text string) (string, error) {
	t.Helper()
	key, _ := controller()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := crypto.HybridDecrypt(rand.Reader, map[string]*rsa.PrivateKey{"it": key}, raw, []byte(namespace))
	return string(value), err
}

func TestTheControllerOpensWhatIsSealed(t *testing.T) {
	for _, value := range []string{canary, "", strings.Repeat("long ", 2000)} {
		got, err := opened(t, "shop", sealed(t, "shop", value))
		if err != nil || got != value {
			t.Errorf("got %q, %v, want %q", got, err, value)
		}
	}
	if got, err := opened(t, "other", sealed(t, "shop", canary)); err == nil {
		t.Errorf("another namespace: got %q, want an error", got)
	}
}

// Each update would change every object else. Different values share nothing.
func TestTheSameValueIsSealedTheSame(t *testing.T) {
	if once, again := sealed(t, "shop", canary), sealed(t, "shop", canary); once != again {
		t.Error("got two ciphertexts of one value")
	}
	seen := map[string]bool{}
	for _, text := range []string{
		sealed(t, "shop", canary), sealed(t, "shop", canary+"2"), sealed(t, "other", canary),
	} {
		// Without the length at its start.
		if start := text[4:40]; seen[start] {
			t.Errorf("two begin with %s", start)
		} else {
			seen[start] = true
		}
	}
}

func TestOnlyACertificateOfTheControllerSeals(t *testing.T) {
	key, certificate := controller()
	private := string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
	}))
	for _, text := range []string{"", "clear", private, strings.Replace(certificate, "MII", "MIJ", 1)} {
		if _, err := secrets.Seal(text, "shop", canary); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%.30q: got %v, want an error without the value", text, err)
		}
	}
}
