package tls

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// usage is what a certificate is allowed for: RFC 5280, sections 4.2.1.3 and 4.2.1.12.
type usage struct {
	key      x509.KeyUsage
	extended []x509.ExtKeyUsage
}

func usageOf(names []string) (usage, error) {
	var all usage
	for _, name := range names {
		switch name {
		case "digitalSignature":
			all.key |= x509.KeyUsageDigitalSignature
		case "contentCommitment":
			all.key |= x509.KeyUsageContentCommitment
		case "keyEncipherment":
			all.key |= x509.KeyUsageKeyEncipherment
		case "dataEncipherment":
			all.key |= x509.KeyUsageDataEncipherment
		case "keyAgreement":
			all.key |= x509.KeyUsageKeyAgreement
		case "certSigning":
			all.key |= x509.KeyUsageCertSign
		case "crlSigning":
			all.key |= x509.KeyUsageCRLSign
		case "encipherOnly":
			all.key |= x509.KeyUsageEncipherOnly
		case "decipherOnly":
			all.key |= x509.KeyUsageDecipherOnly
		case "serverAuth":
			all.extended = append(all.extended, x509.ExtKeyUsageServerAuth)
		case "clientAuth":
			all.extended = append(all.extended, x509.ExtKeyUsageClientAuth)
		case "codeSigning":
			all.extended = append(all.extended, x509.ExtKeyUsageCodeSigning)
		case "emailProtection":
			all.extended = append(all.extended, x509.ExtKeyUsageEmailProtection)
		case "timestamping":
			all.extended = append(all.extended, x509.ExtKeyUsageTimeStamping)
		case "ocspSigning":
			all.extended = append(all.extended, x509.ExtKeyUsageOCSPSigning)
		default:
			return all, fmt.Errorf("allowedUses: %q: not supported by this stand-in of the tls plugin", name)
		}
	}
	return all, nil
}

// check finds out, without making anything slow, whether something can be made.
func check(in resource.PropertyMap) error {
	if _, key := in["algorithm"]; key {
		return checkKey(in)
	}
	if _, request := in["validityPeriodHours"]; request && number(in, "validityPeriodHours") < 1 {
		return fmt.Errorf("validityPeriodHours: must be at least 1, got %d", number(in, "validityPeriodHours"))
	}
	if _, err := usageOf(words(in, "allowedUses")); err != nil {
		return err
	}
	_, err := requestOf(in)
	return err
}

// requestOf are the names that a certificate is asked for.
func requestOf(in resource.PropertyMap) (*x509.CertificateRequest, error) {
	request := &x509.CertificateRequest{DNSNames: words(in, "dnsNames")}
	if v := open(in["subject"]); v.IsObject() {
		request.Subject = subjectOf(v.ObjectValue())
	}
	for _, address := range words(in, "ipAddresses") {
		ip := net.ParseIP(address)
		if ip == nil {
			return nil, fmt.Errorf("ipAddresses: %q is no IP address", address)
		}
		request.IPAddresses = append(request.IPAddresses, ip)
	}
	for _, uri := range words(in, "uris") {
		parsed, err := url.Parse(uri)
		if err != nil {
			return nil, fmt.Errorf("uris: %w", err)
		}
		request.URIs = append(request.URIs, parsed)
	}
	return request, nil
}

func subjectOf(in resource.PropertyMap) pkix.Name {
	one := func(key resource.PropertyKey) []string {
		if value := word(in, key); value != "" {
			return []string{value}
		}
		return nil
	}
	return pkix.Name{
		CommonName: word(in, "commonName"), SerialNumber: word(in, "serialNumber"),
		Organization: one("organization"), OrganizationalUnit: one("organizationalUnit"),
		Country: one("country"), Province: one("province"), Locality: one("locality"), PostalCode: one("postalCode"),
		StreetAddress: words(in, "streetAddresses"),
	}
}

func makeRequest(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	key, algorithm, err := parseKey(word(in, "privateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	request, err := requestOf(in)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, request, key)
	if err != nil {
		return "", nil, fmt.Errorf("signing the request: %w", err)
	}
	return digest(der), resource.PropertyMap{
		"certRequestPem": text(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})),
		"keyAlgorithm":   resource.NewStringProperty(algorithm),
	}, nil
}

func makeSelfSigned(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	key, algorithm, err := parseKey(word(in, "privateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	request, err := requestOf(in)
	if err != nil {
		return "", nil, err
	}
	template, err := templateOf(in, request)
	if err != nil {
		return "", nil, err
	}
	return sign(template, template, key.Public(), key, "keyAlgorithm", algorithm)
}

func makeLocallySigned(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	key, algorithm, err := parseKey(word(in, "caPrivateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	block, _ := pem.Decode([]byte(word(in, "caCertPem")))
	if block == nil {
		return "", nil, errors.New("caCertPem: not PEM")
	}
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", nil, fmt.Errorf("caCertPem: %w", err)
	}
	if !authority.IsCA {
		return "", nil, errors.New("caCertPem: its certificate is not an authority's (isCaCertificate)")
	}
	if block, _ = pem.Decode([]byte(word(in, "certRequestPem"))); block == nil {
		return "", nil, errors.New("certRequestPem: not PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return "", nil, fmt.Errorf("certRequestPem: %w", err)
	}
	template, err := templateOf(in, request)
	if err != nil {
		return "", nil, err
	}
	return sign(template, authority, request.PublicKey, key, "caKeyAlgorithm", algorithm)
}

// templateOf is the certificate that is to be signed.
func templateOf(in resource.PropertyMap, request *x509.CertificateRequest) (*x509.Certificate, error) {
	allowed, err := usageOf(words(in, "allowedUses"))
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	start := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: request.Subject, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses,
		URIs: request.URIs, NotBefore: start,
		NotAfter: start.Add(time.Duration(number(in, "validityPeriodHours")) * time.Hour),
		KeyUsage: allowed.key, ExtKeyUsage: allowed.extended,
		BasicConstraintsValid: true, IsCA: yes(in, "isCaCertificate"),
	}, nil
}

func sign(
	template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer, kind resource.PropertyKey,
	algorithm string,
) (string, resource.PropertyMap, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return "", nil, fmt.Errorf("signing the certificate: %w", err)
	}
	return template.SerialNumber.String(), resource.PropertyMap{
		"certPem":           text(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"validityStartTime": resource.NewStringProperty(template.NotBefore.Format(time.RFC3339)),
		"validityEndTime":   resource.NewStringProperty(template.NotAfter.Format(time.RFC3339)),
		"readyForRenewal":   resource.NewBoolProperty(false),
		kind:                resource.NewStringProperty(algorithm),
	}, nil
}
