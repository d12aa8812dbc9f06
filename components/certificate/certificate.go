// Package certificate makes an authority for one server, and the server's certificate: for connections inside the
// cluster, whose two ends are both of the environment.
//
// The authority vouches for this one server and for nothing else, so that who trusts it trusts nobody besides. Its key
// is in the state alone, encrypted; neither it nor the certificate is in use anywhere else.
//
// Both are renewed by an ordinary update, long before they expire: the server's certificate, valid for three years, by
// the first update in its last year; the authority's, valid for ten, in its last four. An environment that sees an
// update once a year never has an expired one. The keys stay, and a renewed authority has the key and the name of the
// old: what trusted one trusts the other.
package certificate

import (
	"fmt"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Hours that certificates are valid for, and in which of the last ones an update renews them.
const (
	year = 365 * 24

	serverValid, serverRenewed       = 3 * year, year
	authorityValid, authorityRenewed = 10 * year, 4 * year
)

// Certificate is a server's certificate with its authority.
type Certificate struct {
	pulumi.ResourceState

	// Authority is the authority's certificate in PEM, which clients verify the server by.
	Authority pulumi.StringOutput
	// Certificate is the server's, in PEM.
	Certificate pulumi.StringOutput
	// Key is the server's private key in PEM; a secret.
	Key pulumi.StringOutput
}

// Args says whose certificate it is.
type Args struct {
	// Names are the DNS names that the server is reached by; *.NAME stands for all names one level below.
	Names []string
	// Addresses are IP addresses that it is reached by.
	Addresses []string
}

// New makes an authority and a certificate.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Certificate, error) {
	c := &Certificate{}
	if err := ctx.RegisterComponentResource("plinth:certificate:Certificate", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering certificate %s: %w", name, err)
	}
	child := pulumi.Parent(c)
	key := func(name string) (pulumi.StringOutput, error) {
		// 128 bits of security, and a handshake that costs a fraction of RSA's.
		made, err := tls.NewPrivateKey(ctx, name, &tls.PrivateKeyArgs{
			Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256"),
		}, child)
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("making key %s: %w", name, err)
		}
		return made.PrivateKeyPem, nil
	}
	signing, err := key(name + "-authority-key")
	if err != nil {
		return nil, err
	}
	authority, err := tls.NewSelfSignedCert(ctx, name+"-authority", &tls.SelfSignedCertArgs{
		PrivateKeyPem: signing, IsCaCertificate: pulumi.Bool(true),
		Subject:             tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String(name + " authority")},
		AllowedUses:         pulumi.StringArray{pulumi.String("certSigning"), pulumi.String("crlSigning")},
		ValidityPeriodHours: pulumi.Int(authorityValid), EarlyRenewalHours: pulumi.Int(authorityRenewed),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("making the authority of %s: %w", name, err)
	}
	own, err := key(name + "-key")
	if err != nil {
		return nil, err
	}
	request, err := tls.NewCertRequest(ctx, name+"-request", &tls.CertRequestArgs{
		PrivateKeyPem: own, Subject: tls.CertRequestSubjectArgs{CommonName: pulumi.String(name)},
		DnsNames: pulumi.ToStringArray(args.Names), IpAddresses: pulumi.ToStringArray(args.Addresses),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("requesting the certificate of %s: %w", name, err)
	}
	signed, err := tls.NewLocallySignedCert(ctx, name+"-signed", &tls.LocallySignedCertArgs{
		CaPrivateKeyPem: signing, CaCertPem: authority.CertPem, CertRequestPem: request.CertRequestPem,
		AllowedUses:         pulumi.StringArray{pulumi.String("digitalSignature"), pulumi.String("serverAuth")},
		ValidityPeriodHours: pulumi.Int(serverValid), EarlyRenewalHours: pulumi.Int(serverRenewed),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %s: %w", name, err)
	}
	c.Authority, c.Certificate, c.Key = authority.CertPem, signed.CertPem, pulumi.ToSecret(own).(pulumi.StringOutput)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"authority": c.Authority})
}
