package offline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// The files in the pki folder. The authority's own key is in none: once it has signed it is forgotten.
const (
	authorityCertificate = "ca.crt"
	serverCertificate    = "server.crt"
	serverKey            = "server.key"
	adminCertificate     = "admin.crt"
	adminKey             = "admin.key"
	accountKey           = "service-accounts.key"
	accountPublicKey     = "service-accounts.pub"
	encryptionConfig     = "encryption.yaml"
)

// keyLifetime is how long certificates hold: longer than any local cluster.
const keyLifetime = 10 * 365 * 24 * time.Hour

// ensureKeys makes all certificates and keys of a cluster, unless they are there.
func ensureKeys(l layout) error {
	// This one is written last.
	if _, err := os.Stat(l.key(authorityCertificate)); err == nil {
		return nil
	}
	files, err := newKeys(time.Now())
	if err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	if err := writeEncryption(l); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeWhole(l.key(f.name), pem.EncodeToMemory(&f.block)); err != nil {
			return err
		}
	}
	return nil
}

// writeEncryption makes the key that Secrets are stored under, so that no file holds one in plain text:
// https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/.
func writeEncryption(l layout) error {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("making the key for Secrets: %w", err)
	}
	return writeWhole(l.key(encryptionConfig), fmt.Appendf(nil, `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: {keys: [{name: key, secret: %q}]}
      - identity: {}
`, base64.StdEncoding.EncodeToString(key[:])))
}

// keyFile is a file of the pki folder.
type keyFile struct {
	name  string
	block pem.Block
}

// newKeys makes all certificates and keys of a cluster: one for the API server and etcd to show to clients and to each
// other, one for the administrator, and a key that signs the tokens of service accounts.
func newKeys(now time.Time) ([]keyFile, error) {
	authority := certificate("plinth", now)
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign
	signer, authorityFiles, err := issue(authority, nil, nil, authorityCertificate, "")
	if err != nil {
		return nil, err
	}

	server := certificate("kube-apiserver", now)
	server.DNSNames = []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local",
	}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	_, serverFiles, err := issue(server, authority, signer, serverCertificate, serverKey)
	if err != nil {
		return nil, err
	}

	admin := certificate("plinth-admin", now)
	// RBAC lets this group do everything.
	admin.Subject.Organization = []string{"system:masters"}
	admin.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, adminFiles, err := issue(admin, authority, signer, adminCertificate, adminKey)
	if err != nil {
		return nil, err
	}

	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	private, err := privateBlock(accounts)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&accounts.PublicKey)
	if err != nil {
		return nil, err
	}
	files := []keyFile{
		{name: accountKey, block: private},
		{name: accountPublicKey, block: pem.Block{Type: "PUBLIC KEY", Bytes: public}},
	}
	files = append(files, serverFiles...)
	files = append(files, adminFiles...)
	return append(files, authorityFiles...), nil
}

// certificate returns what all our certificates have in common.
func certificate(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name},
		// Clocks may differ a little from one process to the next, in containers for instance.
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(keyLifetime),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

// issue makes a key and a certificate for it, signed by parent; without a parent it signs itself. No keyName: the key
// is not among the files.
func issue(
	template, parent *x509.Certificate, signer *ecdsa.PrivateKey, certificateName, keyName string,
) (*ecdsa.PrivateKey, []keyFile, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, signer = template, key
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	var files []keyFile
	if keyName != "" {
		block, err := privateBlock(key)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, keyFile{name: keyName, block: block})
	}
	files = append(files, keyFile{name: certificateName, block: pem.Block{Type: "CERTIFICATE", Bytes: signed}})
	return key, files, nil
}

// privateBlock encodes a private key.
func privateBlock(key *ecdsa.PrivateKey) (pem.Block, error) {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return pem.Block{}, err
	}
	return pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}, nil
}

// writeKubeconfig writes the administrator's kubeconfig. It holds certificates and key itself, so it can be copied.
func writeKubeconfig(l layout, s state) error {
	authority, err1 := os.ReadFile(l.key(authorityCertificate))
	certificate, err2 := os.ReadFile(l.key(adminCertificate))
	key, err3 := os.ReadFile(l.key(adminKey))
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	const name = "plinth-local"
	text, err := yaml.Marshal(clientcmdapi.Config{
		Kind:           "Config",
		APIVersion:     "v1",
		CurrentContext: name,
		Contexts: []clientcmdapi.NamedContext{{Name: name, Context: clientcmdapi.Context{
			Cluster: name, AuthInfo: name,
		}}},
		Clusters: []clientcmdapi.NamedCluster{{Name: name, Cluster: clientcmdapi.Cluster{
			Server: "https://" + loopback(s.API), CertificateAuthorityData: authority,
		}}},
		AuthInfos: []clientcmdapi.NamedAuthInfo{{Name: name, AuthInfo: clientcmdapi.AuthInfo{
			ClientCertificateData: certificate, ClientKeyData: key,
		}}},
	})
	if err != nil {
		return fmt.Errorf("encoding the kubeconfig: %w", err)
	}
	return writeWhole(l.kubeconfig, text)
}
