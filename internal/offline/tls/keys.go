package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"
)

// leastRSA is the shortest RSA key in bits: crypto/rsa makes no shorter one.
const leastRSA = 1024

func generate(in resource.PropertyMap) (crypto.Signer, error) {
	switch algorithm := word(in, "algorithm"); algorithm {
	case "RSA":
		return rsa.GenerateKey(rand.Reader, number(in, "rsaBits"))
	case "ECDSA":
		curve, err := curveOf(word(in, "ecdsaCurve"))
		if err != nil {
			return nil, err
		}
		return ecdsa.GenerateKey(curve, rand.Reader)
	case "ED25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return nil, fmt.Errorf("algorithm: want RSA, ECDSA or ED25519, got %q", algorithm)
	}
}

func curveOf(name string) (elliptic.Curve, error) {
	switch name {
	case "P224":
		return elliptic.P224(), nil
	case "P256":
		return elliptic.P256(), nil
	case "P384":
		return elliptic.P384(), nil
	case "P521":
		return elliptic.P521(), nil
	default:
		return nil, fmt.Errorf("ecdsaCurve: want P224, P256, P384 or P521, got %q", name)
	}
}

// checkKey finds out whether a key can be made, without making it.
func checkKey(in resource.PropertyMap) error {
	switch algorithm := word(in, "algorithm"); algorithm {
	case "RSA":
		if bits := number(in, "rsaBits"); bits < leastRSA {
			return fmt.Errorf("rsaBits: must be at least %d, got %d", leastRSA, bits)
		}
		return nil
	case "ECDSA":
		_, err := curveOf(word(in, "ecdsaCurve"))
		return err
	case "ED25519":
		return nil
	default:
		return fmt.Errorf("algorithm: want RSA, ECDSA or ED25519, got %q", algorithm)
	}
}

func makeKey(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	key, err := generate(in)
	if err != nil {
		return "", nil, err
	}
	var traditional *pem.Block
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, errors.New("the key cannot be written")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		traditional = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	case *ecdsa.PrivateKey:
		written, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return "", nil, errors.New("the key cannot be written")
		}
		traditional = &pem.Block{Type: "EC PRIVATE KEY", Bytes: written}
	default:
		traditional = &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", nil, fmt.Errorf("writing the public key: %w", err)
	}
	out := resource.PropertyMap{
		"privateKeyPem":      secret(pem.EncodeToMemory(traditional)),
		"privateKeyPemPkcs8": secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"publicKeyPem":       text(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"privateKeyOpenssh":  secret(nil), "publicKeyOpenssh": text(nil),
		"publicKeyFingerprintMd5": text(nil), "publicKeyFingerprintSha256": text(nil),
	}
	// SSH knows no P-224.
	if word(in, "algorithm") != "ECDSA" || word(in, "ecdsaCurve") != "P224" {
		if err := addSSH(out, key); err != nil {
			return "", nil, err
		}
	}
	return digest(public), out, nil
}

func addSSH(out resource.PropertyMap, key crypto.Signer) error {
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("writing the public key for SSH: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return errors.New("the key cannot be written for SSH")
	}
	out["privateKeyOpenssh"] = secret(pem.EncodeToMemory(block))
	out["publicKeyOpenssh"] = text(ssh.MarshalAuthorizedKey(public))
	out["publicKeyFingerprintMd5"] = resource.NewStringProperty(ssh.FingerprintLegacyMD5(public))
	out["publicKeyFingerprintSha256"] = resource.NewStringProperty(ssh.FingerprintSHA256(public))
	return nil
}

// parseKey reads a private key in any of the forms that makeKey writes, and says what kind it is.
func parseKey(text string) (key crypto.Signer, algorithm string, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", errors.New("the private key is not PEM")
	}
	var parsed any
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, "", errors.New("the private key cannot be read") // The cause may hold a part of it.
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, "RSA", nil
	case *ecdsa.PrivateKey:
		return key, "ECDSA", nil
	case ed25519.PrivateKey:
		return key, "ED25519", nil
	default:
		return nil, "", errors.New("the private key is neither RSA, ECDSA nor Ed25519")
	}
}

func text(b []byte) resource.PropertyValue { return resource.NewStringProperty(string(b)) }

func secret(b []byte) resource.PropertyValue { return resource.MakeSecret(text(b)) }

// digest is an id: what it is made from is public.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:20])
}
