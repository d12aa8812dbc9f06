package eks

import (
	"crypto/x509"
	_ "embed" // For authorities.
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

// authority is the kind of authority that signs certificates of databases: RDS's default, which is valid longest among
// those that every client understands.
const authority = "rds-ca-rsa2048-g1"

//go:embed authorities.pem
var authorities []byte

// databaseAuthority is the certificate of the authority for the databases of a region, in PEM. Each region has its own:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html.
func databaseAuthority(region string) (string, error) {
	var known []string
	for rest := authorities; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", fmt.Errorf("reading the authorities of RDS: %w", err)
		}
		fields := strings.Fields(certificate.Subject.CommonName) // Amazon RDS REGION Root CA RSA2048 G1.
		if len(fields) < 3 {
			return "", fmt.Errorf("reading the authorities of RDS: %q names no region", certificate.Subject.CommonName)
		}
		if fields[2] == region {
			return string(pem.EncodeToMemory(block)), nil
		}
		known = append(known, fields[2])
	}
	slices.Sort(known)
	return "", fmt.Errorf("region %q: the authority that vouches for databases there is not known, and without it no "+
		"client could verify them; known: %s. Add it to components/platform/eks/authorities.pem from "+
		"https://truststore.pki.rds.amazonaws.com/%s/%s-bundle.pem, or run the database in the cluster",
		region, strings.Join(known, ", "), region, region)
}
