package secrets

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
)

// Seal encrypts a value for the Sealed Secrets controller whose certificate that is, so that any SealedSecret in the
// namespace may hold it (what kubeseal calls the scope namespace-wide) and none elsewhere.
//
// The same value gives the same ciphertext, or each update would change every SealedSecret: what should be random is
// derived from the value itself. So somebody who has the certificate can check a guess at the value, and the value must
// be one that nobody can guess: a generated one. What is no secret, such as a certificate, may be sealed too.
func Seal(certificate, namespace, value string) (string, error) {
	key, err := SealingKey(certificate)
	if err != nil {
		return "", err
	}
	// A session key of 32 bytes, and the seed of OAEP with SHA-256, which is as long.
	derived, err := hkdf.Key(sha256.New, []byte(value), key.N.Bytes(), "plinth sealed "+namespace, 2*sha256.Size)
	if err != nil {
		return "", fmt.Errorf("deriving a session key: %w", err)
	}
	sealed, err := crypto.HybridEncrypt(bytes.NewReader(derived), key, []byte(value), []byte(namespace))
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// SealingKey is the key in the certificate of a Sealed Secrets controller, in PEM. Its end does not matter: the
// controller makes another then, but keeps all that it ever had.
func SealingKey(certificate string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it is no certificate in PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("its key is a %T: the controller's are RSA", parsed.PublicKey)
	}
	return key, nil
}
